-- One row a list element of key information extraction, such as items[2], with all its fields and, by their usual
-- names, the columns that invoices and receipts share.
with elements as (
    select
        batch_id,
        document_id,
        page_id,
        task,
        -- items[2].tax.rate → element items[2], field tax.rate; of nested lists the innermost counts.
        regexp_extract(path, '^(.*\[\d+\])', 1) as item_path,
        regexp_replace(path, '^.*\[\d+\]\.?', '') as field,
        path,
        value,
        value_number,
        currency
    from {{ ref('stg_key_values') }}
    where list_index is not null
),

fields as (
    select
        *,
        coalesce(nullif(field, ''), 'value') as field_name,
        -- Unit Price, unit_price and unitPrice are one name.
        regexp_replace(lower(field), '[^\p{L}\p{N}]', '', 'g') as plain_name
    from elements
),

ranked as (
    select
        *,
        list_position(
            [
                'description', 'item', 'itemname', 'itemdescription', 'product', 'productname', 'article',
                'service', 'name', 'title', '品名', '商品名', '货物名称', '项目名称', '名称', '摘要', '内容', '品目'
            ],
            plain_name
        ) as description_rank,
        list_position(
            ['quantity', 'qty', 'count', 'units', 'pieces', 'number', '数量', '個数', '件数'], plain_name
        ) as quantity_rank,
        list_position(
            ['unitprice', 'priceperunit', 'unitcost', 'price', 'rate', '单价', '単価', '價格', '价格'], plain_name
        ) as unit_price_rank,
        list_position(
            [
                'amount', 'linetotal', 'totalprice', 'total', 'totalamount', 'lineamount', 'subtotal', 'sum',
                '金额', '金額', '合计', '合計', '小計', '小计'
            ],
            plain_name
        ) as amount_rank
    from fields
)

select
    batch_id,
    document_id,
    page_id,
    task,
    item_path,
    regexp_replace(item_path, '\[\d+\]$', '') as list_path,
    cast(regexp_extract(item_path, '\[(\d+)\]$', 1) as bigint) as item_index,
    min_by(value, description_rank) filter (where description_rank > 0) as description,
    min_by(value_number, quantity_rank) filter (where quantity_rank > 0) as quantity,
    min_by(value_number, unit_price_rank) filter (where unit_price_rank > 0) as unit_price,
    min_by(value_number, amount_rank) filter (where amount_rank > 0) as amount,
    min(currency) as currency,
    count(*) as field_count,
    json_group_object(field_name, value) as fields
from ranked
group by batch_id, document_id, page_id, task, item_path
