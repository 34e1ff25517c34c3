{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }}
        where (document_id, batch_hash) not in (select (document_id, batch_hash) from {{ ref('stg_document_batches') }})
    {% endif %}"
) }}

-- One row per page: its text in reading order. Several tasks may have read it; the one that gives lines with their
-- places is preferred, the parsed document is the last resort.
-- Only documents of batches that were loaded since are read again: batch_hash is that of the batch's table files.
with new_documents as (
    select
        document_id,
        batch_hash
    from {{ ref('stg_document_batches') }}
    {% if is_incremental() %}
    where document_id not in (select document_id from {{ this }})
    {% endif %}
),

by_task as (
    select
        page_id,
        task,
        count(*) as line_count,
        string_agg(text, chr(10) order by coalesce(reading_index, line_index), line_index) as text
    from {{ ref('stg_text_lines') }}
    where document_id in (select document_id from new_documents)
    group by page_id, task

    union all

    select
        page_id,
        task,
        count(*) as line_count,
        string_agg(text, chr(10) order by block_index) as text
    from {{ ref('stg_document_blocks') }}
    where document_id in (select document_id from new_documents)
    group by page_id, task
),

preferred as (
    select
        by_task.page_id,
        by_task.task,
        by_task.line_count,
        by_task.text
    from by_task
    left join {{ ref('stg_tasks') }} as tasks on tasks.task = by_task.task
    qualify row_number() over (
        partition by by_task.page_id
        order by
            case tasks.form
                when 'lines' then 1
                when 'text' then 2
                when 'document' then 4
                else 3
            end,
            by_task.task,
            by_task.text desc
    ) = 1
),

letters as (
    select
        page_id,
        length(regexp_replace(text, '[^\p{Latin}]', '', 'g')) as latin,
        length(regexp_replace(text, '[^\p{Han}]', '', 'g')) as han,
        length(regexp_replace(text, '[^\p{Hiragana}\p{Katakana}]', '', 'g')) as kana,
        length(regexp_replace(text, '[^\p{Hangul}]', '', 'g')) as hangul,
        length(regexp_replace(text, '[^\p{Cyrillic}]', '', 'g')) as cyrillic,
        length(regexp_replace(text, '[^\p{Arabic}]', '', 'g')) as arabic,
        length(regexp_replace(text, '[^\p{Greek}]', '', 'g')) as greek,
        length(regexp_replace(text, '[^\p{Hebrew}]', '', 'g')) as hebrew,
        length(regexp_replace(text, '[^\p{Thai}]', '', 'g')) as thai,
        length(regexp_replace(text, '[^\p{Devanagari}]', '', 'g')) as devanagari
    from preferred
),

scripts as (
    select
        page_id,
        case greatest(latin, han + kana, hangul, cyrillic, arabic, greek, hebrew, thai, devanagari)
            when 0 then null
            when latin then 'Latin'
            when han + kana then case when kana * 10 >= han then 'Japanese' else 'Chinese' end
            when hangul then 'Korean'
            when cyrillic then 'Cyrillic'
            when arabic then 'Arabic'
            when greek then 'Greek'
            when hebrew then 'Hebrew'
            when thai then 'Thai'
            when devanagari then 'Devanagari'
        end as script
    from letters
)

select
    pages.page_id,
    pages.document_id,
    pages.batch_id,
    documents.name as document_name,
    pages.page_number,
    preferred.task,
    coalesce(preferred.line_count, 0) as line_count,
    coalesce(length(preferred.text), 0) as character_count,
    preferred.text,
    scripts.script,
    new_documents.batch_hash
from {{ ref('stg_pages') }} as pages
inner join new_documents on new_documents.document_id = pages.document_id
inner join {{ ref('stg_documents') }} as documents on documents.document_id = pages.document_id
left join preferred on preferred.page_id = pages.page_id
left join scripts on scripts.page_id = pages.page_id
