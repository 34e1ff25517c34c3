-- Pages that page_text lacks, and pages in it that are not there any more or stand there from an earlier load.
select
    coalesce(pages.page_id, page_text.page_id) as page_id,
    batches.batch_hash,
    page_text.batch_hash as found_batch_hash
from {{ ref('stg_pages') }} as pages
left join {{ ref('stg_document_batches') }} as batches on batches.document_id = pages.document_id
full outer join {{ ref('page_text') }} as page_text on page_text.page_id = pages.page_id
where batches.batch_hash is distinct from page_text.batch_hash
