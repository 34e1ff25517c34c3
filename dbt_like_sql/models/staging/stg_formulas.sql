select formulas.*
from {{ source('core', 'formulas') }} as formulas
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = formulas.document_id
    and chosen.batch_id = formulas.batch_id
