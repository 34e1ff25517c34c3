-- One row per task: how many rows were made of its answers, and what each of them has cost.
with extracted as (
    select task from {{ ref('stg_text_lines') }}
    union all
    select task from {{ ref('stg_key_values') }}
    union all
    select task from {{ ref('stg_table_cells') }}
    union all
    select task from {{ ref('stg_document_blocks') }}
    union all
    select task from {{ ref('stg_formulas') }}
),

counted as (
    select task, count(*) as row_count from extracted group by task
),

costs as (
    select task, sum(cost_usd) as cost_usd from {{ ref('stg_cost_ledger') }} group by task
)

select
    coalesce(counted.task, costs.task) as task,
    coalesce(counted.row_count, 0) as extracted_rows,
    coalesce(costs.cost_usd, 0) as cost_usd,
    coalesce(costs.cost_usd, 0) / nullif(counted.row_count, 0) as cost_per_row_usd
from counted
full join costs on costs.task = counted.task
