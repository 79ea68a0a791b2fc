"""A labelled set for what masks words: what is to be masked, in sentences as people write them, and what only looks like it.

Every key is made up, and put together here from parts, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

from typing import NamedTuple

LONG = "a8Kd02mQz7LpX4vRt9Wc3nYb6HsJ1fGe5uTiO0qN"
UPPER = "Q7ZK2M9XW4RT8LPB"
HEX = "9f3c1a7be2d84056aa10c4e7d92b6f13"


class Sample(NamedTuple):
    """A text, the part of it that has to go (none where all is to stay), and of which kind that is."""

    kind: str
    text: str
    secret: str | None = None


def _holding(kind: str, *pairs: tuple[str, str]) -> list[Sample]:
    return [Sample(kind, text.replace("@@@", secret), secret) for text, secret in pairs]


SECRETS = (
    *_holding(
        "email",
        ("My address is @@@, please write", "jane.doe@example.com"),
        ("contact:@@@.", "ops+night@mail.example.co.uk"),
        ('{"to": "@@@"}', "x_y@sub-domain.example.org"),
        ("Wer? @@@, danke", "m.mueller@beispiel.de"),
        ("<@@@> wrote on Monday", "o'brien@example.ie"),
    ),
    *_holding(
        "phone number",
        ("call me on @@@ tonight", "+1 415-555-0132"),
        ("(@@@)", "+44 20 7946 0958"),
        ("Tel. @@@", "+49 (0)30 901820-17"),
        ("my number: @@@, thanks", "(415) 555-0132"),
        ("it is @@@ if you need me", "415-555-0132"),
        ("reach me at @@@", "415.555.0132"),
        ("meine Nummer ist @@@", "0171 5550132"),
        ("appelle-moi au @@@", "06 12 34 56 78"),
        ("phone @@@", "4155550132"),
        ("+@@@ is my WhatsApp", "4917155501320"),
        ("mobile: @@@", "07700 900123"),
        ("ring @@@ at work", "876-905-7342x174"),
        ("voici, @@@", "0253904474"),
        ("it is @@@", "(0118)4960117"),
    ),
    *_holding(
        "card number",
        ("charge @@@ please", "4111 1111 1111 1111"),
        ("card @@@ exp 04/29", "5555555555554444"),
        ("amex @@@", "3782-822463-10005"),
        ("jcb @@@", "180003938997976"),
        ("my visa, @@@, was declined", "4012-8888-8888-1881"),
    ),
    *_holding(
        "account number",
        ("pay to @@@ by Friday", "DE89 3704 0044 0532 0130 00"),
        ("IBAN: @@@", "GB29NWBK60161331926819"),
        ("account @@@", "FR14 2004 1010 0505 0001 3M02 606"),
    ),
    *_holding("national id", ("my SSN is @@@", "536-22-8713"), ("ssn:@@@,", "219-09-9999"), ("or @@@", "955-90-7581")),
    *_holding(
        "private key",
        ("here it is\n@@@\nthanks", "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow" + LONG + "\n-----END RSA " + "PRIVATE KEY-----"),
        ("@@@", "-----BEGIN OPENSSH " + "PRIVATE KEY-----\nb3BlbnNza" + LONG + "\n-----END OPENSSH " + "PRIVATE KEY-----"),
        ("@@@", "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAw" + LONG),
    ),
    *_holding(
        "token",
        ("cookie is @@@ now", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + LONG),
        ("Authorization: Bearer @@@", LONG),
        ("-H 'authorization: bearer @@@'", HEX),
        ("Authorization: Basic @@@", "dXNlcjpwYXNz" + "d29yZDEyMw=="),
    ),
    *_holding(
        "API key",
        ("use @@@ for it", "sk-" + LONG),
        ("key is @@@!", "sk-or-v1-" + HEX + HEX),
        ("ANTHROPIC: @@@", "sk-ant-" + "api03-" + LONG),
        ("try @@@", "sk-proj-" + LONG),
        ("stripe @@@", "sk_" + "live_" + LONG[:24]),
        ("webhook @@@", "whsec_" + LONG[:32]),
        ("git clone with @@@", "ghp_" + LONG[:36]),
        ("or @@@", "github_pat_" + LONG[:22] + "_" + LONG[:30]),
        ("actions: @@@", "ghs_" + LONG[:36]),
        ("gitlab @@@", "glpat-" + LONG[:20]),
        ("slack @@@ bot", "xoxb-" + "2416" + "33790-" + LONG[:24]),
        ("post to https://hooks.slack.com/services/@@@", "T00000000/B00000000/" + LONG[:24]),
        ("maps @@@", "AIza" + LONG[:35]),
        ("telegram @@@", "123456789:" + "AA" + LONG[:33]),
        ("https://api.telegram.org/bot@@@/getMe", "987654321:" + "AB" + LONG[:33]),
        ("aws @@@ id", "AKIA" + UPPER),
        ("temp @@@", "ASIA" + UPPER),
        ("hub @@@", "hf_" + LONG[:34]),
        ("npm @@@", "npm_" + LONG[:36]),
        ("upload with @@@", "pypi-" + "AgEIcHlwaS5vcmc" + LONG),
        ("mail @@@", "SG." + LONG[:22] + "." + LONG),
        ("droplet @@@", "dop_v1_" + HEX + HEX),
    ),
    *_holding(
        "password",
        ("password: @@@", "hunter2-correct"),
        ("password=@@@&user=jane", "Tr0ub4dor"),
        ('{"password": "@@@"}', "pw with spaces"),
        ("export AWS_SECRET_ACCESS_KEY=@@@", LONG),
        ("DB_PASSWORD='@@@'", "s3cr3t!value"),
        ('api_key = "@@@"', HEX),
        ("my password is @@@", "correcthorse9"),
        ("client_secret: @@@", HEX),
        ("X-Api-Key: @@@", HEX),
        ("MYSQL_PWD=@@@ mysql", "qwertz123"),
        ("the passwd is '@@@'", "letmein99"),
        ("SLACK_SIGNING_SECRET=@@@", HEX),
    ),
    *_holding(
        "password in a URL",
        ("postgres://app:@@@@db.example.com:5432/main", "p4ssw0rd"),
        ("clone https://jane:@@@@git.example.com/x.git", "t0k3n-value"),
        ("redis://:@@@@cache:6379/0", "r3dis"),
    ),
)
GAPS = (
    *_holding("name", ("I am @@@ from sales", "Jane Fitzgerald"), ("ask @@@ about it", "Dr. Okonkwo")),
    *_holding(
        "street address", ("send it to @@@, please", "221B Baker Street, London NW1"), ("ich wohne @@@", "Lindenstraße 14, 10969 Berlin")
    ),
    *_holding("IP address", ("my router is @@@", "203.0.113.77")),
    *_holding("birth date", ("born on @@@", "14 March 1981")),
    *_holding("bare key", ("here you go: @@@", HEX)),
    *_holding("national id", ("Sozialversicherung @@@", "65 170839 J 003")),
)
"""What no pattern of ours masks, and `docs/prompts.md` says so."""
PLAIN = tuple(
    Sample("plain", text)
    for text in (
        "version 1764374400000 of the pack",
        "trace 8f14e45f-ceea-467f-a9d2-0242ac120002 failed",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "commit 4247b98c1d2e3f405162738495a6b7c8d9e0f1a2",
        "on 2026-11-29 at 23:43:11",
        "2026-11-29T23:43:11.123Z",
        "between 01.02.2026 and 28.02.2026",
        "from 10.0.0.1 to 192.168.178.255",
        "it took 1,234,567.89 ms",
        "order 100 200 300 in that sequence",
        "the numbers are 1 2 3 4 5 6 7 8 9 10",
        "rows 1000-2000, then 2000-3000",
        "ISBN 978-3-16-148410-0",
        "pi is 3.14159265358979",
        "the total is 1234567890 bytes",
        "population 83 200 000",
        "my password does not work",
        "the token is invalid",
        "the secret is to stay calm",
        "keyword: something",
        "I lost my key: what now?",
        "token=${TOKEN}",
        "password: <your password>",
        "api_key=None",
        'os.environ["API_KEY"]',
        "PASSWORD=$(cat file)",
        "monkey: banana-split",
        "tokens: 123456 of them",
        "max_tokens=4096000",
        "a basic understanding of it",
        "the bearer of good news arrived",
        "user@localhost said so",
        "npm_config_registry is set",
        "@jane can you look?",
        "see https://example.com/a:b@c",
        "http://localhost:8080/path",
        "the config of git@host is odd",
        "sk-learn-based-pipeline is nice",
        "risk-assessment-document",
        "task-management-system",
        "disk-partition-tool",
        "chapter 3.4.5.6",
        "GB29NWBK60161331926818 is a typo",
        "4111 1111 1111 1112 has a wrong digit",
        "part number 123-45-67890",
        "2026-1129-2343-1123 is a ticket",
        "scores 415 to 555",
        "call the function 3 times",
        "text: 12 lines",
        "number of rows: 1000000",
        "SELECT id FROM t WHERE id = 123456789012",
        "epoch 1764374400",
        "size=1048576 count=1024",
        "matrix 100 200 300 4000",
        "v1.2.3.4567",
        "telemetry 20261129 is on",
        "1764374400000-abcdef",
        "The secret: patience, as always",
        "password reset is broken",
        "key: value",
        "see http://www.patel.com/ 954089839",
        "0000012345 is the row",
    )
)
