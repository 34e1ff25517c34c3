select table_cells.*
from {{ source('core', 'table_cells') }} as table_cells
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = table_cells.document_id
    and chosen.batch_id = table_cells.batch_id
