-- Of all batches, whichever stands for a document now: money was spent in each.
select ledger.* from {{ source('core', 'cost_ledger') }} as ledger
