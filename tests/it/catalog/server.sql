WITH relations AS (
  SELECT c.*, regexp_replace(n.nspname, '^pg_temp_\d+$', 'pg_temp') || '.' || c.relname AS full_name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT LIKE 'pg\_toast%' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
),
types AS (
  SELECT t.oid, CASE WHEN e.oid IS NULL THEN '' ELSE '[]' END AS brackets,
         CASE WHEN n.nspname = 'pg_catalog' THEN '' ELSE n.nspname || '.' END || coalesce(e.typname, t.typname) AS name
  FROM pg_type t
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  JOIN pg_namespace n ON n.oid = coalesce(e.typnamespace, t.typnamespace)
)
SELECT full_name, 'relation ' || full_name || ' '
  || CASE relkind WHEN 'r' THEN 'Table' WHEN 'p' THEN 'PartitionedTable' WHEN 'i' THEN 'Index' WHEN 'I' THEN 'PartitionedIndex'
       WHEN 'S' THEN 'Sequence' WHEN 'v' THEN 'View' WHEN 'm' THEN 'MaterializedView' WHEN 'f' THEN 'ForeignTable' END
  || CASE relpersistence WHEN 'p' THEN '' WHEN 'u' THEN ' unlogged' ELSE ' temporary' END
  || CASE WHEN relispopulated THEN '' ELSE ' unpopulated' END
  || CASE WHEN relrowsecurity THEN ' row-security' ELSE '' END
  || CASE relreplident WHEN 'f' THEN ' identity-full' WHEN 'i' THEN ' identity-index'
       WHEN 'n' THEN CASE WHEN relkind IN ('r', 'p', 'm') THEN ' identity-nothing' ELSE '' END ELSE '' END
  || CASE WHEN relispartition AND relkind IN ('r', 'p', 'f') THEN ' partition' ELSE '' END
FROM relations WHERE relkind <> 'c'
UNION ALL
SELECT full_name, 'column ' || full_name || '.' || attname || ' ' || t.name || t.brackets
  || CASE WHEN attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
       WHERE k.conrelid = r.oid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)) THEN ' not-null' ELSE '' END
  || CASE WHEN attidentity <> '' THEN ' Identity' WHEN attgenerated = 's' THEN ' GeneratedStored'
       WHEN attgenerated = 'v' THEN ' GeneratedVirtual' WHEN atthasdef THEN ' Default' ELSE ' Null' END
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid JOIN types t ON t.oid = a.atttypid
WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'f')
UNION ALL
SELECT r.full_name, 'constraint ' || r.full_name || '.' || k.conname || ' '
  || CASE k.contype WHEN 'c' THEN 'check' WHEN 'n' THEN 'not-null' WHEN 'p' THEN 'primary-key' WHEN 'u' THEN 'unique'
       WHEN 'x' THEN 'exclude' WHEN 'f' THEN 'foreign-key' END
  || ' (' || coalesce((SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute
       WHERE attrelid = r.oid AND attnum = ANY (k.conkey) AND attnum > 0), '') || ')'
  || coalesce(' -> ' || f.full_name || ' (' || (SELECT string_agg(attname, ',' ORDER BY attname) FROM pg_attribute
       WHERE attrelid = f.oid AND attnum = ANY (k.confkey)) || ')', '')
  || coalesce(' by ' || i.relname, '')
  || CASE WHEN k.convalidated THEN '' ELSE ' not-valid' END
  || CASE WHEN k.connoinherit AND k.contype IN ('c', 'n') THEN ' no-inherit' ELSE '' END
  || CASE WHEN k.coninhcount > 0 THEN ' inherited' ELSE '' END
FROM relations r JOIN pg_constraint k ON k.conrelid = r.oid
LEFT JOIN relations f ON f.oid = k.confrelid AND k.contype = 'f'
LEFT JOIN pg_class i ON i.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
WHERE k.contype <> 't'
  AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up.conrelid = k.conrelid)
UNION ALL
SELECT t.full_name, 'index ' || r.full_name || ' on ' || t.full_name || ' ' || am.amname
  || CASE WHEN i.indisunique THEN ' unique' ELSE '' END
  || ' (' || (SELECT string_agg(CASE WHEN a.attname IS NULL THEN '*' ELSE a.attname END, ',' ORDER BY n)
       FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
       LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnum > 0) || ')'
  || ' keys=' || i.indnkeyatts
  || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END
  || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
  || CASE WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = r.oid AND k.contype IN ('p', 'u', 'x')) THEN ' of-constraint' ELSE '' END
FROM relations r JOIN pg_index i ON i.indexrelid = r.oid JOIN relations t ON t.oid = i.indrelid JOIN pg_am am ON am.oid = r.relam
UNION ALL
SELECT c.full_name, 'parent ' || c.full_name || ' < ' || p.full_name
FROM pg_inherits h JOIN relations c ON c.oid = h.inhrelid JOIN relations p ON p.oid = h.inhparent
UNION ALL
SELECT s.full_name, 'owner ' || s.full_name || ' < ' || t.full_name || '.' || a.attname
FROM pg_depend d JOIN relations s ON s.oid = d.objid AND s.relkind = 'S' JOIN relations t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
UNION ALL
SELECT v.full_name, 'reads ' || v.full_name || ' < ' || t.full_name
FROM relations v JOIN pg_rewrite w ON w.ev_class = v.oid
JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
JOIN relations t ON t.oid = d.refobjid WHERE v.relkind IN ('v', 'm') AND t.oid <> v.oid
GROUP BY 1, 2
UNION ALL
SELECT r.full_name, 'trigger ' || r.full_name || '.' || tgname FROM pg_trigger g JOIN relations r ON r.oid = g.tgrelid
WHERE NOT tgisinternal AND tgparentid = 0
UNION ALL
SELECT r.full_name, 'policy ' || r.full_name || '.' || polname FROM pg_policy p JOIN relations r ON r.oid = p.polrelid
UNION ALL
SELECT r.full_name, 'rule ' || r.full_name || '.' || rulename FROM pg_rewrite w JOIN relations r ON r.oid = w.ev_class
WHERE rulename <> '_RETURN'
UNION ALL
SELECT '', 'type ' || n.nspname || '.' || t.typname || CASE t.typtype
    WHEN 'e' THEN ' enum ' || (SELECT string_agg(enumlabel, ',' ORDER BY enumlabel) FROM pg_enum WHERE enumtypid = t.oid)
    WHEN 'd' THEN ' domain of ' || b.name || b.brackets || CASE WHEN t.typnotnull THEN ' not-null' ELSE '' END
      || CASE WHEN t.typdefault IS NULL THEN '' ELSE ' default' END
      || coalesce((SELECT string_agg(' ' || conname || CASE WHEN convalidated THEN '' ELSE '!' END, '' ORDER BY conname)
           FROM pg_constraint WHERE contypid = t.oid AND contype = 'c'), '')
    WHEN 'c' THEN ' composite' WHEN 'r' THEN ' range' ELSE '' END
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
LEFT JOIN types b ON b.oid = t.typbasetype
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
UNION ALL
SELECT '', 'function ' || n.nspname || '.' || p.proname || '/' || p.pronargs || ' ' || p.provolatile::text
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype IN ('i', 'e'))
UNION ALL
SELECT '', 'publication ' || p.pubname || CASE WHEN p.puballtables THEN ' all' ELSE '' END
  || coalesce((SELECT string_agg(' ' || full_name, '' ORDER BY full_name) FROM pg_publication_rel m JOIN relations r ON r.oid = m.prrelid
       WHERE prpubid = p.oid), '')
FROM pg_publication p
