select pages.*
from {{ source('core', 'pages') }} as pages
inner join {{ ref('stg_document_versions') }} as chosen
    on chosen.document_id = pages.document_id
    and chosen.batch_id = pages.batch_id
