-- Cells as they stand: what a person said, else what the model said. docs/review.md explains.
select
    table_cells.batch_id,
    table_cells.document_id,
    table_cells.page_id,
    table_cells.task,
    table_cells.request_key,
    table_cells.table_index,
    table_cells.row_index,
    table_cells.column_index,
    table_cells.row_span,
    table_cells.column_span,
    table_cells.is_header,
    case when said.action is null then table_cells.text else coalesce(said.human_value, '') end as text,
    case
        when said.action is null or said.human_value is not distinct from table_cells.text then table_cells.number
        else said.value_number
    end as number,
    -- who has looked at it has settled it
    case when said.action is null then table_cells.typed_doubt end as typed_doubt,
    case when said.action is null then table_cells.text_doubt end as text_doubt,
    table_cells.column_header,
    table_cells.row_header,
    case when said.left_px is null then table_cells.left_px else said.left_px end as left_px,
    case when said.left_px is null then table_cells.top_px else said.top_px end as top_px,
    case when said.left_px is null then table_cells.right_px else said.right_px end as right_px,
    case when said.left_px is null then table_cells.bottom_px else said.bottom_px end as bottom_px,
    case when said.left_px is null then table_cells.box_doubt end as box_doubt,
    case when said.action is null then table_cells.ground else 'reviewed' end as ground,
    table_cells.ground_score,
    case when said.left_px is null then table_cells.ground_page_id end as ground_page_id,
    table_cells.text as model_text,
    table_cells.ground as model_ground,
    said.action as review_action,
    said.corrected_by,
    said.corrected_at,
    said.reviewed_because
from {{ source('core', 'table_cells') }} as table_cells
inner join {{ ref('stg_document_batches') }} as chosen
    on chosen.document_id = table_cells.document_id
    and chosen.batch_id = table_cells.batch_id
left join {{ ref('stg_corrections') }} as said
    on said.stands
    and said.page_id = table_cells.page_id
    and said.task = table_cells.task
    and said.table_index = table_cells.table_index
    and said.row_index = table_cells.row_index
    and said.column_index = table_cells.column_index
    -- rows of a table move: what was said of a cell holds only while the model says the same of it
    and coalesce(said.model_value, '') = table_cells.text
