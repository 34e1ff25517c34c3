select * from {{ ref('stg_documents_history') }} where is_current
