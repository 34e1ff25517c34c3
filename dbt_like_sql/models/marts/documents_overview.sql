-- One row per document: its state, what was read from it, and what that cost.
with pages as (
    select
        document_id,
        count(*) filter (where status = 'ready') as pages_ready,
        count(*) filter (where status = 'rejected') as pages_rejected
    from {{ ref('stg_pages') }}
    group by document_id
),

answers as (
    select
        document_id,
        count(*) filter (where status = 'ok') as answers_ok,
        count(*) filter (where status = 'partial') as answers_partial,
        count(*) filter (where status = 'rejected') as answers_rejected,
        count(*) filter (where status = 'failed') as answers_failed,
        count(*) filter (where status = 'skipped') as answers_skipped,
        count(*) filter (where status = 'unfunded') as answers_unfunded,
        count(*) filter (where status = 'missing') as answers_missing,
        sum(cost_usd) as cost_usd,
        max(answered_at) as last_answered_at
    from {{ ref('stg_responses') }}
    group by document_id
),

text_lines as (
    select document_id, count(*) as row_count from {{ ref('stg_text_lines') }} group by document_id
),

key_values as (
    select document_id, count(*) as row_count from {{ ref('stg_key_values') }} group by document_id
),

table_cells as (
    select document_id, count(*) as row_count from {{ ref('stg_table_cells') }} group by document_id
),

document_blocks as (
    select document_id, count(*) as row_count from {{ ref('stg_document_blocks') }} group by document_id
),

formulas as (
    select document_id, count(*) as row_count from {{ ref('stg_formulas') }} group by document_id
)

select
    documents.document_id,
    documents.batch_id,
    documents.name as document_name,
    documents.name,
    documents.media_type,
    documents.route,
    documents.status,
    documents.reason,
    documents.version,
    documents.is_current,
    documents.addresses,
    coalesce(pages.pages_ready, 0) as pages_ready,
    coalesce(pages.pages_rejected, 0) as pages_rejected,
    coalesce(answers.answers_ok, 0) as answers_ok,
    coalesce(answers.answers_partial, 0) as answers_partial,
    coalesce(answers.answers_rejected, 0) as answers_rejected,
    coalesce(answers.answers_failed, 0) as answers_failed,
    coalesce(answers.answers_skipped, 0) as answers_skipped,
    coalesce(answers.answers_unfunded, 0) as answers_unfunded,
    coalesce(answers.answers_missing, 0) as answers_missing,
    coalesce(text_lines.row_count, 0) as text_lines,
    coalesce(key_values.row_count, 0) as key_values,
    coalesce(table_cells.row_count, 0) as table_cells,
    coalesce(document_blocks.row_count, 0) as document_blocks,
    coalesce(formulas.row_count, 0) as formulas,
    answers.cost_usd,
    answers.last_answered_at
from {{ ref('stg_documents') }} as documents
left join pages on pages.document_id = documents.document_id
left join answers on answers.document_id = documents.document_id
left join text_lines on text_lines.document_id = documents.document_id
left join key_values on key_values.document_id = documents.document_id
left join table_cells on table_cells.document_id = documents.document_id
left join document_blocks on document_blocks.document_id = documents.document_id
left join formulas on formulas.document_id = documents.document_id
