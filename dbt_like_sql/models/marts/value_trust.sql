-- How far each extracted value can be trusted, with everything that speaks for and against it. docs/trust.md explains.
with readings as (
    select
        document_id,
        batch_id,
        page_id,
        task,
        path as place,
        value,
        value_number,
        currency,
        typed_doubt,
        cast(null as varchar) as text_doubt,
        score,
        ground,
        left_px,
        top_px,
        right_px,
        bottom_px,
        -- all that stands in one element of a list stands in one row
        regexp_extract(path, '^(.*)\[\d+\]', 1) as group_place,
        try_cast(nullif(regexp_extract(path, '.*\[(\d+)\]', 1), '') as bigint) as group_row
    from {{ ref('stg_key_values') }}
    where value <> ''

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'table ' || table_index || ' row ' || row_index || ' column ' || column_index as place,
        text as value,
        number as value_number,
        cast(null as varchar) as currency,
        typed_doubt,
        text_doubt,
        cast(null as double) as score,
        ground,
        left_px,
        top_px,
        right_px,
        bottom_px,
        'table ' || table_index as group_place,
        case when row_span = 1 then row_index end as group_row
    from {{ ref('stg_table_cells') }}
    where text <> ''
),

plain as (
    select
        *,
        task in (select task from {{ ref('stg_tasks') }} where form = 'key_values') as is_extracted,
        lower(regexp_replace(value, '[^\p{L}\p{N}]', '', 'g')) as plain_value,
        (top_px + bottom_px) / 2 as centre_px,
        bottom_px - top_px as height_px,
        coalesce(ground not in ('not_found', 'other_page'), false) and top_px is not null as has_place
    from readings
),

-- where each row of a table or list stands on its page
bands as (
    select
        page_id,
        task,
        group_place,
        group_row,
        median(centre_px) as centre_px,
        median(height_px) as height_px
    from plain
    where has_place and group_row is not null
    group by page_id, task, group_place, group_row
),

-- each two rows of a table or list, and whether the page has them the other way round
pairs as (
    select
        own.page_id,
        own.task,
        own.group_place,
        own.group_row,
        other.group_row as other_row,
        -- what stands side by side is in no order
        (own.group_row < other.group_row and own.centre_px - other.centre_px > 0.5 * least(own.height_px, other.height_px))
        or (
            own.group_row > other.group_row
            and other.centre_px - own.centre_px > 0.5 * least(own.height_px, other.height_px)
        ) as is_turned
    from bands as own
    inner join bands as other
        on other.page_id = own.page_id
        and other.task = own.task
        and other.group_place = own.group_place
        and other.group_row <> own.group_row
),

turned as (
    select
        *,
        count(*) over (partition by page_id, task, group_place, group_row) as pairs_turned
    from pairs
    where is_turned
),

-- of two rows that are the other way round, the one to blame is that which is so with more rows
displaced as (
    select distinct
        own.page_id,
        own.task,
        own.group_place,
        own.group_row
    from turned as own
    inner join turned as other
        on other.page_id = own.page_id
        and other.task = own.task
        and other.group_place = own.group_place
        and other.group_row = own.other_row
        and other.other_row = own.group_row
    where own.pairs_turned >= other.pairs_turned
),

-- a list in another order than the page's says nothing
orders as (
    select
        page_id,
        task,
        group_place,
        avg(is_turned::int) < 0.5 as runs_down
    from pairs
    group by page_id, task, group_place
),

placed as (
    select
        plain.page_id,
        plain.task,
        plain.place,
        plain.group_place,
        displaced.group_row is null or not orders.runs_down as in_order,
        plain.top_px <= bands.centre_px + bands.height_px / 2
        and plain.bottom_px >= bands.centre_px - bands.height_px / 2 as in_band
    from plain
    inner join bands
        on bands.page_id = plain.page_id
        and bands.task = plain.task
        and bands.group_place = plain.group_place
        and bands.group_row = plain.group_row
    left join displaced
        on displaced.page_id = plain.page_id
        and displaced.task = plain.task
        and displaced.group_place = plain.group_place
        and displaced.group_row = plain.group_row
    left join orders
        on orders.page_id = plain.page_id and orders.task = plain.task and orders.group_place = plain.group_place
    where plain.has_place
),

-- a table that runs across the page, or a list that is none, says nothing about rows
rows_fit as (
    select
        page_id,
        task,
        place,
        in_order and in_band as fits
    from placed
    qualify avg(in_band::int) over (partition by page_id, task, group_place) > 0.5
),

-- what each row of a table or element of a list holds
held as (
    select distinct
        page_id,
        task,
        group_place,
        group_row,
        plain_value
    from plain
    where group_row is not null and plain_value <> ''
),

-- the row of another task's table or list that is the same one: it shares the most, and two values at least
partners as (
    select
        own.page_id,
        own.task,
        own.group_place,
        own.group_row,
        other.task as other_task,
        other.group_place as other_place,
        other.group_row as other_row,
        count(*) as shared
    from held as own
    inner join held as other
        on other.page_id = own.page_id and other.task <> own.task and other.plain_value = own.plain_value
    group by
        own.page_id, own.task, own.group_place, own.group_row, other.task, other.group_place, other.group_row
    having count(*) >= 2
    qualify row_number() over (
        partition by own.page_id, own.task, own.group_place, own.group_row
        order by count(*) desc, other.task, other.group_place, other.group_row
    ) = 1
),

-- whether that row has the value; what only another row of the same table has is in the wrong one
rows_agree as (
    select
        plain.page_id,
        plain.task,
        plain.place,
        case
            when bool_or(held.group_row = partners.other_row) then true
            when count(held.group_row) > 0 then false
        end as agrees
    from plain
    inner join partners
        on partners.page_id = plain.page_id
        and partners.task = plain.task
        and partners.group_place = plain.group_place
        and partners.group_row = plain.group_row
    left join held
        on held.page_id = partners.page_id
        and held.task = partners.other_task
        and held.group_place = partners.other_place
        and held.plain_value = plain.plain_value
    group by plain.page_id, plain.task, plain.place
),

-- what other tasks, or the PDF's own text, say about the same page
elsewhere as (
    select
        page_id,
        string_agg(plain_value, '|') filter (where is_extracted) as said_by_values,
        string_agg(plain_value, '|') filter (where not is_extracted) as said_by_tables
    from plain
    group by page_id
),

whole_text as (
    select
        page_id,
        string_agg(lower(regexp_replace(text, '[^\p{L}\p{N}]', '', 'g')), '' order by line_index) as said
    from {{ ref('stg_text_lines') }}
    where task not in (select task from {{ ref('stg_tasks') }} where form = 'lines')
    group by page_id
),

broken as (
    select
        document_id,
        page_id,
        path,
        string_agg(rule, ', ' order by rule) as rules_failed,
        -- a rule over many values blames each of them the less
        min(1 - 0.7 / coalesce(value_count, 1)) as rules_factor,
        bool_or(coalesce(value_count, 1) = 1) as breaks_own_rule
    from {{ ref('stg_validation_results') }}
    where outcome = 'failed' and path is not null
    group by document_id, page_id, path
),

-- cells with a line in them of which the recogniser was not sure of some character; 0.98 leaves 4 % of the right cells
-- of real tables here
unsure as (
    select distinct
        cells.page_id,
        cells.task,
        cells.place
    from plain as cells
    inner join {{ ref('stg_text_lines') }} as lines
        on lines.page_id = cells.page_id
        and lines.left_px >= cells.left_px - 3
        and lines.right_px <= cells.right_px + 3
        and lines.top_px >= cells.top_px - 3
        and lines.bottom_px <= cells.bottom_px + 3
    where lines.least_score < 0.98 and cells.has_place and not cells.is_extracted
),

-- answers made from the text that a PDF page carries itself: a sample of it was read, the value was not
from_own_text as (
    select distinct
        page_id,
        task
    from {{ ref('stg_requests') }}
    where options ->> 'own_text' is not null
),

parts as (
    select
        plain.*,
        from_own_text.page_id is not null as is_own_text,
        unsure.page_id is null and coalesce(plain.score >= 0.5, true) as is_sure,
        rows_fit.fits as fits_row,
        case
            when plain.plain_value = '' then null
            when rows_agree.agrees is not null then rows_agree.agrees
            when contains(whole_text.said, plain.plain_value) then true
            when
                list_contains(
                    string_split(
                        case
                            when plain.is_extracted then elsewhere.said_by_tables
                            else elsewhere.said_by_values
                        end,
                        '|'
                    ),
                    plain.plain_value
                ) then true
            when whole_text.said is not null then false
        end as agrees,
        broken.rules_failed,
        coalesce(broken.rules_factor, 1) as rules_factor,
        coalesce(broken.breaks_own_rule, false) as breaks_own_rule,
        -- that a sentence asks something is nothing unreadable
        not contains(regexp_replace(plain.value, '(\p{L}+\s+\p{L}+\s+\p{L}{2,})\?(\s|$)', '\1\2', 'g'), '?') as is_readable,
        responses.status = 'ok' as answer_is_whole
    from plain
    left join rows_fit
        on rows_fit.page_id = plain.page_id and rows_fit.task = plain.task and rows_fit.place = plain.place
    left join rows_agree
        on rows_agree.page_id = plain.page_id
        and rows_agree.task = plain.task
        and rows_agree.place = plain.place
    left join unsure
        on unsure.page_id = plain.page_id and unsure.task = plain.task and unsure.place = plain.place
    left join from_own_text on from_own_text.page_id = plain.page_id and from_own_text.task = plain.task
    left join elsewhere on elsewhere.page_id = plain.page_id
    left join whole_text on whole_text.page_id = plain.page_id
    left join broken on broken.page_id = plain.page_id and broken.path = plain.place
        and plain.is_extracted
    left join {{ ref('stg_responses') }} as responses
        on responses.page_id = plain.page_id and responses.task = plain.task
),

-- what each part takes away; 1 is nothing
factors as (
    select
        *,
        case
            when ground is null then 0.7
            when ground = 'not_found' then 0.1
            when ground = 'fuzzy' then 0.6
            when ground = 'other_page' then 0.8
            else 1
        end as ground_factor,
        case when fits_row is false then 0.3 else 1 end as row_factor,
        case when agrees is false then 0.6 else 1 end as agreement_factor,
        case when is_readable then 1 else 0.4 end as readable_factor,
        case when is_sure then 1 else 0.6 end as reading_factor,
        case when typed_doubt is null then 1 else 0.5 end as typed_factor,
        case when text_doubt is null then 1 else 0.6 end as text_factor,
        -- a key value was read once more, and has a score from that
        case when is_own_text and score is null then 0.95 else 1 end as own_text_factor,
        case when answer_is_whole is false then 0.8 else 1 end as whole_factor
    from parts
)

select
    factors.document_id,
    factors.batch_id,
    documents.name as document_name,
    page_id,
    task,
    place,
    value,
    value_number,
    currency,
    round(
        ground_factor * row_factor * agreement_factor * rules_factor * readable_factor * typed_factor * reading_factor
        * text_factor * own_text_factor * whole_factor, 3
    ) as trust,
    -- the part that takes away most; of equals, the one that says more
    case
        least(
            ground_factor, row_factor, agreement_factor, rules_factor, readable_factor, typed_factor, reading_factor,
            text_factor, own_text_factor, whole_factor
        )
        when 1 then null
        when row_factor then 'row'
        when rules_factor then 'rules'
        when readable_factor then 'readable'
        when typed_factor then 'typed'
        when text_factor then 'text'
        when agreement_factor then 'agreement'
        when ground_factor then 'ground'
        when reading_factor then 'reading'
        when own_text_factor then 'own_text'
        else 'whole'
    end as doubt,
    ground,
    fits_row,
    agrees,
    rules_failed,
    breaks_own_rule,
    is_readable,
    is_sure,
    is_own_text,
    typed_doubt,
    text_doubt,
    score,
    answer_is_whole,
    left_px,
    top_px,
    right_px,
    bottom_px
from factors
inner join {{ ref('stg_documents') }} as documents on documents.document_id = factors.document_id
