-- 5,000 stadiums of 40 countries, the same ones every time.
INSERT INTO stadiums (id, name, city, country, capacity, opened, latitude, longitude)
SELECT
    number,
    'Stadium ' || number,
    'City ' || number % 700,
    (ARRAY['AR', 'AT', 'AU', 'BE', 'BR', 'CA', 'CH', 'CL', 'CN', 'CO', 'CZ', 'DE', 'DK', 'EG', 'ES', 'FI', 'FR', 'GB', 'GH', 'GR',
           'HR', 'HU', 'IE', 'IN', 'IT', 'JP', 'KE', 'KR', 'MA', 'MX', 'NG', 'NL', 'NO', 'PL', 'PT', 'RS', 'SE', 'TR', 'US', 'ZA']
    )[1 + number % 40],
    5000 + (number * 7919) % 90000,
    1900 + number % 125,
    (number * 37 % 18000) / 100.0 - 90,
    (number * 53 % 36000) / 100.0 - 180
FROM generate_series(1, 5000) AS number;

ANALYZE stadiums;
