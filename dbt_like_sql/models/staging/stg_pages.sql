select *
from {{ ref('stg_pages_history') }}
where document_id in (select document_id from {{ ref('stg_document_batches') }})
