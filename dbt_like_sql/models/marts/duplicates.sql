{{ config(materialized='view') }}

-- Documents that may be one: the same content under several names, and records with the same number and total.
with numbers as (
    select
        document_id,
        min(lower(regexp_replace(value, '[^\p{L}\p{N}]', '', 'g'))) as number_key,
        min(value) as number
    from {{ ref('stg_key_values') }}
    where value <> ''
        and regexp_matches(
            regexp_extract(path, '[^.]*$'),
            '(?i)^(invoice|receipt|bill|order|document|statement|note).?(number|no|nr|id)\.?$|号码|编号|番号|單號|单号'
        )
    group by document_id
),

totals as (
    select
        document_id,
        max(abs(value_number)) as total,
        min(currency) as currency
    from {{ ref('stg_key_values') }}
    where value_number is not null
        and regexp_matches(
            regexp_extract(path, '[^.]*$'),
            '(?i)^(grand.?)?(total|total.?amount|amount.?due|total.?due|balance)$|^(合计|合計|总计|総計|总额|金额|金額|ご請求金額)$'
        )
    group by document_id
),

records as (
    select
        numbers.document_id,
        documents.name as document_name,
        numbers.number,
        totals.total,
        totals.currency,
        first_value(numbers.document_id) over (
            partition by numbers.number_key, totals.total order by documents.name, numbers.document_id
        ) as duplicate_of,
        count(*) over same as documents
    from numbers
    inner join totals on totals.document_id = numbers.document_id
    inner join {{ ref('stg_documents') }} as documents on documents.document_id = numbers.document_id
    window same as (partition by numbers.number_key, totals.total)
),

contents as (
    select distinct
        found_document_id as document_id,
        document_id as duplicate_of,
        document_name,
        count(distinct found_document_id) over (partition by document_id) as documents
    from {{ ref('documents_history') }}
    where is_current
)

select
    'same_content' as because,
    document_name,
    document_id,
    duplicate_of,
    document_id = duplicate_of as is_counted,
    cast(null as varchar) as number,
    cast(null as decimal(38, 9)) as total,
    cast(null as varchar) as currency
from contents
where documents > 1

union all

select
    'same_number_and_total' as because,
    document_name,
    document_id,
    duplicate_of,
    true as is_counted,
    number,
    total,
    currency
from records
where documents > 1
