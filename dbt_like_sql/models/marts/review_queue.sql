-- What a person should look at, one row per finding, to be taken in the order of review_order. docs/trust.md explains.
with trusted as (
    select
        *,
        -- of a table's cells: numbers or days of two readings, which are one question where they are many
        case
            when typed_doubt = 'two_readings' and regexp_matches(place, '^table \d+ row \d+ column \d+$')
                then split_part(place, ' row ', 1)
        end as open_table
    from {{ ref('value_trust') }}
),

counted as (
    select
        *,
        open_table is not null and count(*) over (partition by page_id, task, open_table) >= 5 as is_asked_of_table
    from trusted
),

judged as (
    select
        trusted.*,
        md5(concat_ws('/', trusted.page_id, trusted.task, trusted.place)) as finding_id,
        case when trusted.currency is not null then abs(trusted.value_number) end as amount,
        -- batches from before there was a table of routes have no row in it
        case
            -- twice the trust: what is left without this doubt
            when trusted.is_asked_of_table then 2 * trusted.trust < coalesce(routes.review_below, 0.65)
            else
                trusted.trust < coalesce(routes.review_below, 0.65)
                or trusted.breaks_own_rule
                or trusted.typed_doubt is not null
        end as is_doubtful,
        coalesce(routes.audit_share, 0) as audit_share
    from counted as trusted
    inner join {{ ref('stg_documents') }} as documents on documents.document_id = trusted.document_id
    left join {{ ref('stg_routes') }} as routes
        on routes.batch_id = documents.batch_id and routes.route = documents.route
),

weighed as (
    select
        *,
        (1 - trust) * amount as value_at_risk,
        -- of the document's largest amount; what is no money weighs as much as that
        (1 - trust) * coalesce(amount / nullif(max(amount) over (partition by document_id), 0), 1) as share_at_risk,
        case when is_doubtful then coalesce(doubt, 'rules') else 'none' end as kind
    from judged
    -- the same values are drawn every time
    where is_doubtful or ('0x' || substr(finding_id, 1, 8))::bigint / 4294967296 < audit_share
),

of_values as (
    select
        document_id,
        batch_id,
        page_id,
        task,
        case
            when kind = 'none' then 'audit'
            when kind = 'row' then 'value_out_of_row'
            when kind = 'rules' then 'value_breaks_rule'
            when kind = 'readable' then 'value_unreadable'
            when kind = 'typed' then typed_doubt
            when kind = 'text' then text_doubt
            when kind = 'agreement' then 'other_task_differs'
            when kind = 'whole' then 'value_of_cut_answer'
            when kind = 'reading' then 'value_read_unsurely'
            when kind = 'own_text' then 'value_from_own_text'
            when ground = 'not_found' then 'value_not_on_page'
            when ground is null then 'value_without_lines'
            else 'value_nearly_on_page'
        end as finding,
        place,
        value,
        case
            when kind = 'none' then 'Random audit: no problem known.'
            when kind = 'row' then
                'The value is in another row of the page than the values it was given with.'
            when kind = 'rules' then 'It breaks: ' || rules_failed
            when kind = 'readable' then 'A question mark stands for what could not be read.'
            when kind = 'typed' then
                case typed_doubt
                    when 'maybe_without_point' then
                        'A number without a point, and amounts around it have one: it may have lost its own.'
                    when 'several_numbers' then
                        'Several numbers and nothing else: rows or columns of the table may have been read as one.'
                    when 'no_number' then
                        'It is no number, where numbers stand or one is asked for: sums leave it out.'
                    when 'no_day' then 'It is no day, where the schema asks for one.'
                    when 'weekday_differs' then 'The day is another one of the week than it says.'
                    when 'two_currencies' then 'It has the marks of two currencies, so it has none.'
                    when 'unreadable' then 'It says itself that something of it could not be read.'
                    when 'impossible_date' then 'A date that the calendar does not have, so it has no day.'
                    else 'It can be read in two ways, and nothing around it decides, so it has no number and no day.'
                end
            when kind = 'text' then
                case text_doubt
                    when 'dotted_leader' then
                        'Dots lead from its text to the next column: some were read into it, or the text ends too early.'
                    when 'title_or_note' then
                        'All that the first or last row holds: it may be a title or a note, and no row of the table.'
                    when 'ragged_row' then
                        'Its row has more cells than the others, or fewer of other kinds: they may stand in wrong columns.'
                    when 'row_goes_on' then
                        'Its row may be a second line of the row above, or that row the first line of this one.'
                    when 'headers_apart' then
                        'It and the header beside it may be one: they stand near each other, or the text goes on there.'
                    when 'header_in_parts' then
                        'The header goes on in the row below: what is there may belong together.'
                    else 'A bracket has no partner, or a lone sign stands where a dash may be meant.'
                end
            when kind = 'agreement' then
                'The lines of the page have the value, and another reading of the same place does not.'
            when kind = 'whole' then 'The answer it comes from breaks off.'
            when kind = 'reading' then
                'The reader was not sure of one of its characters, read it otherwise when it looked again, or found '
                || 'another text that may be meant.'
            when kind = 'own_text' then
                'It was taken from the text that the PDF carries, of which a sample was read and this value was not.'
            when ground = 'not_found' then
                'The value is not among the lines of the page: it may be made up.'
            when ground is null then 'There are no lines to look for the value in.'
            when ground = 'other_page' then 'The value is on another page of the document.'
            else 'The lines of the page say nearly the same, not the same.'
        end as reason,
        case
            when kind in ('row', 'rules') or (kind = 'ground' and ground = 'not_found') then 1
            when kind = 'readable' then 2
            else 3
        end as priority
    from weighed
),

of_answers as (
    select
        document_id,
        batch_id,
        page_id,
        task,
        case stage when 'answer' then 'answer_' || status else stage || '_rejected' end as finding,
        cast(null as varchar) as place,
        cast(null as varchar) as value,
        reason,
        case status when 'partial' then 1 else 2 end as priority
    from {{ ref('failures') }}
    -- skipped has its reason, and unfunded goes on by itself
    where status in ('rejected', 'partial', 'failed', 'missing')
),

-- asked for, and without a value on every page of the document: of its record, where an answer is a list of them
values_missing as (
    select
        asked.document_id,
        any_value(asked.batch_id) as batch_id,
        min_by(asked.page_id, pages.page_number) as page_id,
        asked.task,
        asked.path,
        any_value(asked.key) as key,
        bool_or(asked.is_alone) as is_alone
    from (
        select
            *,
            regexp_matches(path, '^\[\d+\]') as is_of_record,
            regexp_matches(regexp_replace(path, '^\[\d+\]', ''), '\[\d+\]') as is_of_list,
            -- of at least three elements, the only one without it
            count(*) over of_elements >= 3 and count(*) over of_elements - count(value) over of_elements = 1 as is_alone
        from {{ ref('stg_key_values') }}
        where presence in ('expected', 'missing')
        window of_elements as (partition by page_id, task, regexp_replace(path, '\[\d+\]([^\[\]]*)$', '[]\1'))
    ) as asked
    inner join {{ ref('stg_pages') }} as pages on pages.page_id = asked.page_id
    inner join {{ ref('stg_documents') }} as documents on documents.document_id = asked.document_id
    left join {{ ref('stg_routes') }} as routes
        on routes.batch_id = documents.batch_id and routes.route = documents.route
    where
        routes.expects is null
        or asked.is_of_list
        or list_contains(from_json(routes.expects, '["VARCHAR"]'), regexp_replace(asked.path, '^\[\d+\]\.?', ''))
    group by
        asked.document_id, asked.task, asked.path, asked.is_of_list,
        case when asked.is_of_record or asked.is_of_list then asked.page_id end
    having
        count(asked.value) = 0
        and count(asked.review_action) = 0
        -- an empty cell of a list is nothing unusual, unless all others of its column are filled
        and (not asked.is_of_list or bool_and(asked.presence = 'missing') or bool_or(asked.is_alone))
),

-- the line of the document that names what is missing
named_lines as (
    select
        missing.page_id,
        missing.task,
        missing.path,
        lines.text,
        case when lines.page_id = missing.page_id then lines.left_px end as left_px,
        case when lines.page_id = missing.page_id then lines.top_px end as top_px,
        case when lines.page_id = missing.page_id then lines.right_px end as right_px,
        case when lines.page_id = missing.page_id then lines.bottom_px end as bottom_px
    from values_missing as missing
    inner join {{ ref('stg_text_lines') }} as lines
        on lines.document_id = missing.document_id
        and contains(lower(lines.text), lower(replace(missing.key, '_', ' ')))
    where length(missing.key) > 1
    qualify
        row_number() over (
            partition by missing.page_id, missing.task, missing.path
            order by lines.page_id <> missing.page_id, length(lines.text), lines.line_index, lines.task
        ) = 1
),

of_missing_values as (
    select
        missing.document_id,
        missing.batch_id,
        missing.page_id,
        missing.task,
        'value_missing' as finding,
        missing.path as place,
        cast(null as varchar) as value,
        'The schema asks for it, and it has no value'
        || case when missing.is_alone then ', as all others of its list have.' else '.' end
        || coalesce(' A line reads: ' || named_lines.text, '') as reason,
        3 as priority
    from values_missing as missing
    left join named_lines
        on named_lines.page_id = missing.page_id
        and named_lines.task = missing.task
        and named_lines.path = missing.path
),

-- one finding per rule; what breaks a rule about itself alone is there as a value
of_rules as (
    select
        document_id,
        batch_id,
        min(page_id) as page_id,
        'key_information_extraction' as task,
        'rule_broken' as finding,
        rule as place,
        cast(null as varchar) as value,
        min(reason) as reason,
        case severity when 'error' then 1 else 2 end as priority
    from {{ ref('stg_validation_results') }}
    -- a condition that lacks a value is missing too, and that value is there as value_missing
    where (outcome = 'missing' and value is null and coalesce(value_count, 0) = 0) or (outcome = 'failed' and value_count is distinct from 1)
    group by document_id, batch_id, rule, severity
),

of_tables as (
    select
        tables.document_id,
        tables.batch_id,
        tables.page_id,
        tables.task,
        kinds.finding,
        'table ' || tables.table_index as place,
        cast(null as varchar) as value,
        case kinds.finding
            when 'table_cut_off' then 'The answer breaks off inside the table.'
            when 'total_differs' then tables.totals_wrong || ' printed total(s) differ from the sum above.'
            else
                tables.lines_unused
                || ' line(s) inside the table are in no cell: the answer may have lost rows.'
        end as reason,
        kinds.priority
    from {{ ref('stg_tables') }} as tables
    cross join (
        values ('table_cut_off', 1), ('total_differs', 1), ('rows_left_out', 2)
    ) as kinds (finding, priority)
    where
        case kinds.finding
            when 'table_cut_off' then not tables.is_complete
            when 'total_differs' then tables.totals_wrong > 0
            else tables.lines_unused > 0
        end
),

-- one question for all numbers and days of a table that have two readings
of_open_tables as (
    select
        document_id,
        any_value(batch_id) as batch_id,
        page_id,
        task,
        'two_readings' as finding,
        open_table as place,
        cast(null as varchar) as value,
        count(*) || ' of its values, such as ' || min_by(value, place)
        || ', can be read in two ways, and nothing around them decides: the route''s `decimal` or `date_order` does.' as reason,
        3 as priority
    from counted
    where is_asked_of_table
    group by document_id, page_id, task, open_table
),

of_formulas as (
    select
        document_id,
        batch_id,
        page_id,
        task,
        'formula_malformed' as finding,
        'formula ' || formula_index as place,
        latex as value,
        problem as reason,
        3 as priority
    from {{ ref('stg_formulas') }}
    where problem is not null
),

-- what a page says of itself and what was recognised on it, where a route compares the two
of_text_layers as (
    select
        document_id,
        batch_id,
        page_id,
        'text_layer' as task,
        'text_layer_differs' as finding,
        cast(null as varchar) as place,
        cast(null as varchar) as value,
        'The page''s own text and what was recognised share ' || round(100 * agreement) || ' % of their words.'
        || coalesce(' ' || doubt, '') as reason,
        case when agreement < 0.5 then 1 else 2 end as priority
    from {{ ref('text_layer_agreement') }}
    where agreement < 0.8 or doubt is not null
),

-- a tile's rows are its page's
answered_pages as (
    select
        coalesce(pages.tile_of, pages.page_id) as page_id,
        any_value(pages.document_id) as document_id,
        any_value(pages.batch_id) as batch_id,
        bool_and(coalesce(pages.is_blank, false)) as is_blank,
        bool_or(tasks.form in ('lines', 'text')) as asked_for_lines
    from {{ ref('stg_pages') }} as pages
    inner join {{ ref('stg_responses') }} as responses
        on responses.page_id = pages.page_id
        and responses.status = 'ok'
    left join {{ ref('stg_tasks') }} as tasks on tasks.task = responses.task
    where pages.status = 'ready'
    group by coalesce(pages.tile_of, pages.page_id)
),

written as (
    select page_id, true as is_line from {{ ref('stg_text_lines') }} where trim(text) <> ''
    union all
    select page_id, false as is_line from {{ ref('stg_key_values') }} where trim(model_value) <> ''
    union all
    select page_id, false as is_line from {{ ref('stg_table_cells') }} where trim(model_text) <> ''
    union all
    select page_id, false as is_line from {{ ref('stg_document_blocks') }}
    union all
    select page_id, false as is_line from {{ ref('stg_formulas') }}
),

texts as (
    select
        page_id,
        bool_or(is_line) as has_lines
    from written
    group by page_id
),

of_pages as (
    select
        answered_pages.document_id,
        answered_pages.batch_id,
        answered_pages.page_id,
        cast(null as varchar) as task,
        case when answered_pages.is_blank then 'page_blank' else 'page_without_text' end as finding,
        cast(null as varchar) as place,
        cast(null as varchar) as value,
        case
            when not answered_pages.is_blank then 'It is not of one colour, and no text was read from it.'
            when texts.page_id is null then 'It is of one colour: there is nothing to read.'
            else 'It is of one colour: what was read from it is made up.'
        end as reason,
        case when answered_pages.is_blank and texts.page_id is not null then 1 else 2 end as priority
    from answered_pages
    left join texts on texts.page_id = answered_pages.page_id
    where
        answered_pages.is_blank
        or texts.page_id is null
        or (answered_pages.asked_for_lines and not texts.has_lines)
),

-- lines that may be amounts without their point or could not be read, where no value says so already
doubtful_lines as (
    select
        lines.document_id,
        lines.batch_id,
        lines.page_id,
        lines.task,
        lines.text_doubt as finding,
        'line ' || lines.line_index as place,
        lines.text as value,
        case lines.text_doubt
            when 'unreadable' then 'It says itself that something of it could not be read.'
            else 'Only a number without a point, and the amounts of the page have one: it may have lost its own.'
        end as reason,
        3 as priority,
        lines.left_px,
        lines.top_px,
        lines.right_px,
        lines.bottom_px
    from {{ ref('stg_text_lines') }} as lines
    anti join {{ ref('value_trust') }} as trusted
        on trusted.page_id = lines.page_id
        and trusted.typed_doubt = lines.text_doubt
        and trusted.left_px = lines.left_px
        and trusted.top_px = lines.top_px
        and trusted.right_px = lines.right_px
        and trusted.bottom_px = lines.bottom_px
    where lines.text_doubt is not null
),

findings as (
    select *, true as is_value from of_values
    union all
    select *, false as is_value from of_answers
    union all
    select *, false as is_value from of_missing_values
    union all
    select *, false as is_value from of_rules
    union all
    select *, false as is_value from of_tables
    union all
    select *, false as is_value from of_open_tables
    union all
    select *, false as is_value from of_formulas
    union all
    select *, false as is_value from of_text_layers
    union all
    select *, false as is_value from of_pages
    union all
    select document_id, batch_id, page_id, task, finding, place, value, reason, priority, false as is_value
    from doubtful_lines
)

select
    coalesce(
        weighed.finding_id,
        md5(
            concat_ws(
                '/', findings.document_id, findings.page_id, findings.task, findings.finding, findings.place
            )
        )
    ) as finding_id,
    row_number() over (
        order by
            findings.priority, weighed.share_at_risk desc nulls first, documents.name, pages.page_number,
            findings.finding, findings.place, findings.task, findings.document_id
    ) as review_order,
    findings.priority,
    documents.name as document_name,
    pages.page_number,
    findings.finding,
    -- a line has no place that could be corrected
    case when doubtful_lines.page_id is null then findings.place end as place,
    findings.value,
    weighed.trust,
    weighed.value_at_risk,
    weighed.currency,
    findings.reason,
    findings.task,
    coalesce(weighed.left_px, tables.left_px, named_lines.left_px, doubtful_lines.left_px) as left_px,
    coalesce(weighed.top_px, tables.top_px, named_lines.top_px, doubtful_lines.top_px) as top_px,
    coalesce(weighed.right_px, tables.right_px, named_lines.right_px, doubtful_lines.right_px) as right_px,
    coalesce(weighed.bottom_px, tables.bottom_px, named_lines.bottom_px, doubtful_lines.bottom_px) as bottom_px,
    pages.uri as page_image,
    findings.page_id,
    findings.document_id,
    findings.batch_id
from findings
inner join {{ ref('stg_documents') }} as documents on documents.document_id = findings.document_id
left join {{ ref('stg_pages') }} as pages on pages.page_id = findings.page_id
left join weighed
    on findings.is_value
    and weighed.page_id = findings.page_id
    and weighed.task = findings.task
    and weighed.place = findings.place
left join {{ ref('stg_tables') }} as tables
    on not findings.is_value
    and tables.page_id = findings.page_id
    and tables.task = findings.task
    and 'table ' || tables.table_index = findings.place
left join named_lines
    on findings.finding = 'value_missing'
    and named_lines.page_id = findings.page_id
    and named_lines.task = findings.task
    and named_lines.path = findings.place
left join doubtful_lines
    on not findings.is_value
    and findings.finding = doubtful_lines.finding
    and doubtful_lines.page_id = findings.page_id
    and doubtful_lines.task = findings.task
    and doubtful_lines.place = findings.place
-- what a person has looked at is done with, as long as it is what stands there
left join {{ ref('stg_corrections') }} as said
    on said.stands
    and said.page_id = findings.page_id
    and said.task = findings.task
    and said.place = findings.place
    and coalesce(said.human_value, '') = coalesce(findings.value, '')
where said.correction_id is null
