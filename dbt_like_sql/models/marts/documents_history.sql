{{ config(materialized='view') }}

-- One row per content that an address has had, and the document it is counted as.
select
    addresses.uri,
    addresses.version,
    addresses.is_current,
    addresses.modified_at,
    addresses.name as document_name,
    addresses.name,
    addresses.sha256,
    addresses.document_id as found_document_id,
    copies.counted_as as document_id
from {{ ref('stg_document_addresses') }} as addresses
inner join {{ ref('stg_document_copies') }} as copies on copies.document_id = addresses.document_id
