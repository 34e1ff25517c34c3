-- How well a PDF page's own text and what was recognised on it agree: where both are there, one row per page.
with both_read as (
    select
        page_id,
        -- of several tasks that recognised lines of a page, the first by name counts
        min(task) filter (where task <> 'text_layer') as task
    from {{ ref('stg_text_lines') }}
    group by page_id
    having count(*) filter (where task = 'text_layer') > 0 and count(*) filter (where task <> 'text_layer') > 0
),

words as (
    select
        lines.page_id,
        lines.task = 'text_layer' as is_own,
        unnest(string_split_regex(trim(lines.text), '\s+')) as word
    from {{ ref('stg_text_lines') }} as lines
    inner join both_read on both_read.page_id = lines.page_id and lines.task in ('text_layer', both_read.task)
),

counted as (
    select
        page_id,
        word,
        count(*) filter (where is_own) as own,
        count(*) filter (where not is_own) as recognised
    from words
    group by page_id, word
),

compared as (
    select
        page_id,
        2 * sum(least(own, recognised)) / sum(own + recognised) as agreement,
        sum(own) as own_words,
        sum(recognised) as recognised_words
    from counted
    group by page_id
)

select
    pages.document_id,
    pages.batch_id,
    documents.name as document_name,
    pages.page_id,
    pages.page_number,
    both_read.task,
    cast(compared.own_words as bigint) as own_words,
    cast(compared.recognised_words as bigint) as recognised_words,
    cast(compared.agreement as double) as agreement,
    pages.text_layer_doubt as doubt
from compared
inner join both_read on both_read.page_id = compared.page_id
inner join {{ ref('stg_pages') }} as pages on pages.page_id = compared.page_id
inner join {{ ref('stg_documents') }} as documents on documents.document_id = pages.document_id
