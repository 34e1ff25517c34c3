-- What a person should look at, one row a finding, the most doubtful first by priority.
with findings as (
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

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'value_not_on_page' as finding,
        path as place,
        value,
        'The value stands nowhere among the lines of the page: it may be made up.' as reason,
        1 as priority
    from {{ ref('stg_key_values') }}
    where ground = 'not_found'

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'value_unreadable' as finding,
        path as place,
        value,
        'A question mark stands for what could not be read.' as reason,
        2 as priority
    from {{ ref('stg_key_values') }}
    where value like '%?%' and ground is distinct from 'not_found'

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'value_nearly_on_page' as finding,
        path as place,
        value,
        'The lines of the page say nearly the same, not the same.' as reason,
        3 as priority
    from {{ ref('stg_key_values') }}
    where ground = 'fuzzy' and value not like '%?%'

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'value_missing' as finding,
        path as place,
        cast(null as varchar) as value,
        'The schema asks for it, and the answer has no such key.' as reason,
        3 as priority
    from {{ ref('stg_key_values') }}
    where presence = 'missing'

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'value_out_of_row' as finding,
        place,
        value,
        'The value stands in another row of the page than the values it was given with.' as reason,
        1 as priority
    from {{ ref('value_trust') }}
    where not fits_row

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'other_task_differs' as finding,
        place,
        value,
        'The lines of the page have the value, and another reading of the whole page does not.' as reason,
        3 as priority
    from {{ ref('value_trust') }}
    where not agrees and trust between 0.11 and 0.6

    union all

    -- one finding a rule, at the value if it is about one
    select
        document_id,
        batch_id,
        min(page_id) as page_id,
        'key_information_extraction' as task,
        'rule_broken' as finding,
        case when count(*) = 1 then rule || ': ' || coalesce(min(path), '') else rule end as place,
        case when count(*) = 1 then min(value) end as value,
        min(reason) as reason,
        case severity when 'error' then 1 else 2 end as priority
    from {{ ref('stg_validation_results') }}
    where outcome in ('failed', 'missing')
    group by document_id, batch_id, rule, severity

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'table_cut_off' as finding,
        'table ' || table_index as place,
        cast(null as varchar) as value,
        'The answer breaks off inside the table.' as reason,
        1 as priority
    from {{ ref('stg_tables') }}
    where not is_complete

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'total_differs' as finding,
        'table ' || table_index as place,
        cast(null as varchar) as value,
        totals_wrong || ' printed total(s) differ from the sum above.' as reason,
        1 as priority
    from {{ ref('stg_tables') }}
    where totals_wrong > 0

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'cells_not_on_page' as finding,
        'table ' || table_index as place,
        cast(null as varchar) as value,
        cells_not_found || ' cell(s) stand nowhere among the lines of the page.' as reason,
        2 as priority
    from {{ ref('stg_tables') }}
    where cells_not_found > 0

    union all

    select
        document_id,
        batch_id,
        page_id,
        task,
        'rows_left_out' as finding,
        'table ' || table_index as place,
        cast(null as varchar) as value,
        lines_unused || ' line(s) inside the table are in no cell: the answer may have lost rows.' as reason,
        2 as priority
    from {{ ref('stg_tables') }}
    where lines_unused > 0

    union all

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
)

select
    findings.priority,
    documents.name as document_name,
    pages.page_number,
    findings.finding,
    findings.place,
    findings.value,
    findings.reason,
    findings.task,
    pages.uri as page_image,
    findings.page_id,
    findings.document_id,
    findings.batch_id
from findings
inner join {{ ref('stg_documents') }} as documents on documents.document_id = findings.document_id
left join {{ ref('stg_pages') }} as pages on pages.page_id = findings.page_id
