{{ config(materialized='table') }}

-- Which contents each address has had, and which of them it has now: what came last. An archive's members and a
-- document's attachments come and go with the file they are in. When a batch is deleted, the newest of what is left
-- is current again.
with found as (
    select
        document_id,
        batch_id,
        name,
        uri,
        sha256,
        status,
        coalesce(version, 1) as version,
        modified_at,
        regexp_replace(uri, '^(?:(?:zip|pdf)://.*?::)+', '') as file_uri
    from {{ source('core', 'documents') }}
),

-- Versions are counted below the folder that was given, so between two folders, one in the other, times decide. How
-- far from its beginning a name holds the file's own tells which folder it was.
in_folder as (
    select
        *,
        rank() over (
            partition by file_uri, strpos(name, regexp_extract(file_uri, '[^/]*$'))
            order by version desc, modified_at desc nulls last, batch_id desc
        ) as folder_place
    from found
),

at_address as (
    select
        *,
        rank() over (
            partition by file_uri, folder_place
            order by modified_at desc nulls last, version desc, batch_id desc
        ) as place
    from in_folder
)

select
    document_id,
    uri,
    any_value(name) as name,
    any_value(sha256) as sha256,
    max(version) as version,
    max_by(modified_at, version) as modified_at,
    bool_or(folder_place = 1 and place = 1) as is_current
from at_address
group by document_id, uri
