-- What is decided for a community or street lies in a common area of its own (decision 28).
INSERT INTO area (code, name)
SELECT code || '-00', name FROM area WHERE length(code) = 12
UNION ALL SELECT code || '000-00', name FROM area WHERE length(code) = 9
ON CONFLICT (code) DO NOTHING;
UPDATE meta SET directory_version = directory_version + 1;
