import pytest

from hw.errors import PanelOffline
from hw.panel import Input, Output, Panel, load_gpio
from simulator.gpio import Header

CASE = Input(pin=17, is_active_high=True, is_unwired_active=True)
KEY = Input(pin=27, is_active_high=False, is_unwired_active=False)
LIGHT = Output(pin=22)
LOW_LIGHT = Output(pin=23, is_active_high=False)


@pytest.fixture
def header() -> Header:
    return Header()


@pytest.fixture
def panel(header: Header) -> Panel:
    panel = Panel({"case": CASE, "key": KEY}, {"light": LIGHT, "low": LOW_LIGHT}, load=lambda: header)
    panel.open()
    return panel


def settle(panel: Panel) -> dict[str, bool]:
    for _ in range(2):
        panel.read()
    return dict(panel.read())


def test_a_broken_wire_opens_the_case_and_never_turns_the_key(panel: Panel) -> None:
    assert settle(panel) == {"case": True, "key": False}


def test_an_input_counts_once_it_has_settled(panel: Panel, header: Header) -> None:
    header.wires = {17: False, 27: True}
    assert panel.read() == {}
    assert settle(panel) == {"case": False, "key": False}
    for level in (False, True, False, True):
        header.wires[27] = level
        assert panel.read()["key"] is False
    header.wires[27] = False
    assert settle(panel)["key"] is True


def test_outputs_are_off_until_driven_and_after_the_end(panel: Panel, header: Header) -> None:
    assert header.levels == {22: False, 23: True}
    panel.drive("light", on=True)
    panel.drive("low", on=True)
    panel.drive("not wired", on=True)
    assert header.levels == {22: True, 23: False}
    panel.close()
    panel.close()
    assert header.history[-1] == {22: False, 23: True}
    assert header.levels == {}


def test_pins_that_do_not_answer_are_one_kind_of_fault(panel: Panel, header: Header) -> None:
    header.is_gone = True
    for act in (panel.read, lambda: panel.drive("light", on=True), panel.open):
        with pytest.raises(PanelOffline):
            act()
    with pytest.raises(PanelOffline):
        Panel({}, {"light": LIGHT}).drive("light", on=True)


def test_off_a_pi_the_library_does_not_load_and_the_sentence_says_what_to_do() -> None:
    with pytest.raises(PanelOffline, match="gpio-pi5"):
        load_gpio()
