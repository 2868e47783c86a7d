"""The wallet page: whatever app an award came through, the page shows it (B07)."""

from festival import Festival

from reference_impl.domain.acts import APP_IDS
from reference_impl.wallet.award import AwardRequest, award


def test_b07_the_page_shows_what_all_eight_apps_gave(festival: Festival) -> None:
    """An award in each app, half of them credited: one balance, one income, eight lines, in whichever app one looks."""
    act = festival.act()
    for app in APP_IDS.values():
        scene = ("rain", "koi")[app % 2]
        award(festival.system, festival.desk, AwardRequest(act, scene, str(app), 10 * app, app=app))
    shown = festival.page(act)
    assert (shown.balance_fen, shown.income_fen) == (360, 360)
    assert sorted(line.amount_fen for line in shown.flow or ()) == [10 * app for app in range(1, 9)]
    assert {line.credited for line in shown.flow or ()} == {True, False}
