{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }}
        where (document_id, batch_hash) not in (select (document_id, batch_hash) from {{ ref('stg_document_versions') }})
    {% endif %}"
) }}

-- One row per list element of key information extraction, such as items[2], with all its fields and, by their usual
-- names, the columns that invoices and receipts share; of superseded documents too.
with new_documents as (
    select
        document_id,
        batch_hash
    from {{ ref('stg_document_versions') }}
    {% if is_incremental() %}
    where document_id not in (select document_id from {{ this }})
    {% endif %}
),

elements as (
    select
        batch_id,
        document_id,
        batch_hash,
        page_id,
        task,
        path,
        item_path,
        value,
        value_number,
        currency
    from {{ ref('stg_list_values_history') }}
    inner join new_documents using (document_id)
),

inside as (
    select
        *,
        ltrim(substr(path, length(item_path) + 1), '.') as rest
    from elements
),

fields as (
    select
        *,
        case
            when rest = '' then 'value'
            -- ["No."] is the key No.
            when regexp_matches(rest, '^\["(?:[^"\\]|\\.)*"\]$') then json_extract_string(rest, '$[0]')
            else rest
        end as field
    from inside
),

named as (
    select
        *,
        -- Unit Price, unit_price, unitPrice and Unit Price (USD) are one name.
        regexp_replace(
            regexp_replace(lower(field), '[(\[（].*?[)\]）]', '', 'g'), '[^\p{L}\p{N}]', '', 'g'
        ) as plain_name
    from fields
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
    from named
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
    cast(
        '{'
        || string_agg(to_json(field) || ': ' || coalesce(to_json(value), 'null'), ', ' order by path)
        || '}' as json
    ) as fields,
    batch_hash
from ranked
group by batch_id, document_id, batch_hash, page_id, task, item_path
