select
    documents.*,
    versions.is_current,
    versions.addresses
from {{ source('core', 'documents') }} as documents
inner join {{ ref('stg_document_versions') }} as versions
    on versions.document_id = documents.document_id
    and versions.batch_id = documents.batch_id
