select * from {{ source('core', 'routes') }}
