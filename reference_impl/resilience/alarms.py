"""When somebody must be woken, as data: an expression of Prometheus over our metrics, what it means, what to do (B15).

docs/alarms.md is made from it. A short spike wakes nobody: an alarm fires once its expression has held for its time.
"""

from typing import Final, NamedTuple


class Alarm(NamedTuple):
    expression: str
    for_s: int
    meaning: str
    what_to_do: str


ALARMS: Final[dict[str, Alarm]] = {
    "store_down": Alarm(
        "rainproof_store_up == 0",
        5,
        "a store does not answer one process or more",
        "See whether it is the store or the way to it (other processes' `store_up`). An order database: set "
        "`steer_north` or `steer_south`, whichever is the other region. The cache: nothing, for requests take the "
        "database's way, limited.",
    ),
    "dead_letters": Alarm(
        "increase(rainproof_dead_letters_total[5m]) > 0",
        0,
        "a message never worked and was laid aside",
        "Read it in `stream:dead`. Money that it was about is credited by `rainproof reconcile vouchers`. Find out why "
        "it failed.",
    ),
    "credit_behind": Alarm(
        'rainproof_backlog_oldest_age_s{topic="stream:credit"} > 60',
        30,
        "money reaches accounts more than a minute late",
        "Look at `last_pass_us` of the credit processes and at the ledger's databases. Under load set "
        "`credit_large_now`, or `credit_later` and credit after the peak.",
    ),
    "loop_stands_still": Alarm(
        "time() - rainproof_last_pass_us / 1e6 > 60",
        0,
        "a consumer or the sweeper has not looked for work for a minute",
        "Kill its process: it is started again, and what it held is taken over.",
    ),
    "faults_of_ours": Alarm(
        'sum(rate(rainproof_requests_total{code="internal"}[1m])) > 0',
        0,
        "requests end in a fault of ours",
        "The log has the traceback. The operation may have happened: reconcile before anybody is paid by hand.",
    ),
    "unavailable": Alarm(
        'sum by (region) (rate(rainproof_requests_total{code="unavailable"}[1m]))'
        " / sum by (region) (rate(rainproof_requests_total[1m])) > 0.01",
        30,
        "more than one request in a hundred of a region finds a store that does not answer",
        "As for `store_down`; with all stores up look for slow statements and full connection pools.",
    ),
    "many_limited": Alarm(
        'sum by (operation) (rate(rainproof_requests_total{code="limited"}[1m]))'
        " / sum by (operation) (rate(rainproof_requests_total[1m])) > 0.2",
        60,
        "more than one request in five is refused for load",
        "Add processes, or raise the limit if the databases have room.",
    ),
    "slow_opens": Alarm(
        "histogram_quantile(0.99, sum by (le) "
        '(rate(rainproof_request_duration_seconds_bucket{operation="open"}[1m]))) > 0.5',
        60,
        "one open in a hundred takes longer than half a second",
        "Compare `opens_waiting` and `opens_inside`. Many of both: the database is slow. Few: the process is.",
    ),
    "nobody_pays": Alarm(
        'sum(rate(rainproof_requests_total{operation="pay",code="ok"}[5m]))'
        ' / sum(rate(rainproof_requests_total{operation="send",code="ok"}[5m])) < 0.3',
        300,
        "fewer than three packets in ten are paid after they are sent",
        "See the codes of `pay`: refusals for want of money are people's, `unavailable` is the ledger.",
    ),
    "stock_burnt": Alarm(
        'sum by (template, stage, side) (rainproof_coupon_units{state="burnt"})'
        ' / sum by (template, stage, side) (rainproof_coupon_units{state="prepared"}) > 0.04',
        0,
        "time-outs have burnt nearly all of a coupon's surplus of 5 %",
        "See why the Redis that counts does not answer in time. Set `coupon_fallback` for relief, `coupon_blessing` "
        "where fallbacks burn too. What is burnt is lost to people, and never given beyond the stock.",
    ),
    "money_differs": Alarm(
        "sum(increase(rainproof_differences_total[10m])) > 0",
        0,
        "awards are lost, doubled, credited otherwise than promised, or above their budget or cap",
        "`rainproof reconcile rain`, `reconcile hour_1` and `reconcile hour_2` show the rows. What was lost is "
        "credited already where its scene compensates. Of the rest: stop the scene by its game, set `token_store_off` "
        "if tokens are to blame, and book back by hand under a key of its own.",
    ),
    "tokens_forged": Alarm(
        "sum(rate(rainproof_tokens_refused_total[1m])) > 1",
        30,
        "more than one token a second is forged, foreign, expired or of a retired key",
        "See `tokens_refused` by reason. Forged ones in numbers: set `client_tokens_refused`. If one was believed a "
        "key has leaked: rotate and retire it.",
    ),
    "config_from_copy": Alarm(
        'sum(rate(rainproof_config_read_total{source="copy"}[1m])) > 0',
        60,
        "processes read the activity from their local copies",
        "Unless `config_local` is set, the operators' database is gone: nothing that is published or set reaches the "
        "processes but by the copies beside them. Awards go on.",
    ),
    "breaker_open": Alarm(
        "rainproof_breaker_open == 1",
        10,
        "a breaker lets nobody through to what it guards",
        "The KV store or the lock: awards go on without them; set `kv_skip` or `lock_skip` until they are mended. The "
        "cache or an order database: as for `store_down`.",
    ),
}
