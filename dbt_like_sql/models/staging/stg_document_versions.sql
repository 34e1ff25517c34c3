{{ config(materialized='table') }}

-- Contents, each once, superseded or not, with the batch that stands for them and all addresses they were found at.
with loaded as (
    select
        batch_id,
        md5(string_agg(sha256, ' ' order by table_name)) as batch_hash
    from {{ source('ops', 'load_log') }}
    where table_name <> 'corrections'
    group by batch_id
),

-- what people said about one document changes nothing about the others of its batch
corrected as (
    select
        copies.counted_as,
        string_agg(corrections.correction_id, ' ' order by corrections.correction_id) as corrections
    from {{ source('core', 'corrections') }} as corrections
    inner join {{ ref('stg_document_copies') }} as copies on copies.document_id = corrections.document_id
    group by copies.counted_as
),

addressed as (
    select
        copies.counted_as,
        list(distinct found.uri order by found.uri) as addresses
    from {{ ref('stg_document_addresses') }} as found
    inner join {{ ref('stg_document_copies') }} as copies on copies.document_id = found.document_id
    group by copies.counted_as
)

select
    standing.document_id,
    standing.batch_id,
    standing.last_answered_at,
    -- the copy that stands is a current one where there is any
    standing.is_current,
    addressed.addresses,
    case
        when corrected.corrections is null then loaded.batch_hash
        else md5(concat_ws(' ', loaded.batch_hash, corrected.corrections))
    end as batch_hash
from {{ ref('stg_document_copies') }} as standing
inner join addressed on addressed.counted_as = standing.document_id
left join loaded on loaded.batch_id = standing.batch_id
left join corrected on corrected.counted_as = standing.document_id
where standing.counted_as = standing.document_id
