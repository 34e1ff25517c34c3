select *
from {{ ref('stg_list_values_history') }}
where document_id in (select document_id from {{ ref('stg_document_batches') }})
