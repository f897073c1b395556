"""What the cabinet becomes with each fact: one function per kind of fact, in files that mirror `locker.rules`.

`apply` never refuses and never looks at a clock: whatever was committed is true, and old shapes fold for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from locker import events as ev
from locker.fold import (
    change,
    counter,
    doors,
    exceptional,
    intake,
    loading,
    moving,
    notices,
    panel,
    pickup,
    recounts,
    results,
    runs,
    self_check,
    staff,
    standing,
    staying,
    stock,
    texts,
)
from locker.model import Cabinet

FOLD_VERSION = 10


def apply(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    """The cabinet after one more fact. Unknown combinations change nothing; a fact is never refused."""
    changed = APPLY[type(recorded.event)](cabinet, recorded.event, recorded)
    return replace(changed, seq=recorded.seq, epoch=recorded.epoch, utc_ms=recorded.moment.utc_ms)


def _fact_merged(cabinet: Cabinet, event: ev.FactMerged, recorded: ev.Recorded) -> Cabinet:
    return recounts.fact_merged(cabinet, event, recorded, folds=APPLY)


APPLY: Mapping[type[ev.EventBody], Callable[[Cabinet, Any, ev.Recorded], Cabinet]] = {
    ev.ClockSet: change.unchanged,
    ev.CaseOpened: panel.case_opened,
    ev.CaseClosed: panel.case_closed,
    ev.MainsLost: panel.mains_lost,
    ev.MainsReturned: panel.mains_returned,
    ev.ReserveReached: panel.reserve_reached,
    ev.StopOrdered: panel.stop_ordered,
    ev.LockSupplyCut: panel.lock_supply_cut,
    ev.LockSupplyRestored: panel.lock_supply_restored,
    ev.RunStarted: runs.run_started,
    ev.RecountStarted: recounts.recount_started,
    ev.FactMerged: _fact_merged,
    ev.RecountFinished: recounts.recount_finished,
    ev.ClockTrusted: runs.clock_trusted,
    ev.ResultQueued: results.result_queued,
    ev.ResultAmended: results.result_amended,
    ev.ResultCancelled: results.result_cancelled,
    ev.DelegateNamed: results.delegate_named,
    ev.DelegateRevoked: results.delegate_revoked,
    ev.ResultNotLoaded: results.result_not_loaded,
    ev.CancelConflicted: results.wish_answered,
    ev.WishRefused: results.wish_answered,
    ev.GrantIssued: doors.grant_issued,
    ev.GrantLapsed: doors.grant_lapsed,
    ev.DoorOpened: doors.door_opened,
    ev.DoorClosed: doors.door_closed,
    ev.DoorDidNotOpen: doors.door_did_not_open,
    ev.DoorAnswered: doors.door_answered,
    ev.DoorOpenedUnasked: doors.door_opened_unasked,
    ev.WrongDoorOpened: doors.wrong_door_opened,
    ev.LeftOpen: doors.left_open,
    ev.SensorSuspected: doors.sensor_suspected,
    ev.SensorTrusted: doors.sensor_trusted,
    ev.BoardOutOfService: doors.board_out,
    ev.BoardProved: doors.board_proved,
    ev.CoilStrayed: doors.coil_strayed,
    ev.LoadStarted: loading.load_started,
    ev.Loaded: loading.loaded,
    ev.LoadUndone: loading.load_undone,
    ev.RoundClosed: loading.round_closed,
    ev.Reclaimed: loading.reclaimed,
    ev.HandedAtCounter: counter.left,
    ev.Posted: counter.left,
    ev.MoveStarted: moving.started,
    ev.Moved: moving.moved,
    ev.MoveGivenUp: moving.given_up,
    ev.MoveStalled: moving.stalled,
    ev.LookedInside: loading.looked_inside,
    ev.Settled: loading.settled,
    ev.IncidentClosed: loading.incident_closed,
    ev.IncidentTaken: loading.incident_taken,
    ev.CompartmentClosed: stock.compartment_closed,
    ev.CompartmentReopened: stock.compartment_reopened,
    ev.StockCheckStarted: stock.stock_check_started,
    ev.StockCheckFinished: stock.stock_check_finished,
    ev.ApprovalAsked: exceptional.approval_asked,
    ev.ApprovalGiven: exceptional.approval_given,
    ev.GlassBroken: exceptional.glass_broken,
    ev.GlassCountersigned: exceptional.glass_countersigned,
    ev.DeputyNamed: exceptional.deputy_named,
    ev.DeputyEnded: exceptional.deputy_ended,
    ev.CodeMinted: pickup.code_minted,
    ev.CodesRevoked: pickup.codes_revoked,
    ev.AttemptFailed: pickup.attempt_failed,
    ev.PaperCheckFailed: pickup.paper_check_failed,
    ev.NewCodeAsked: pickup.new_code_asked,
    ev.CodeAccepted: pickup.code_accepted,
    ev.SlipCheckFailed: pickup.slip_check_failed,
    ev.SlipAccepted: pickup.slip_accepted,
    ev.Collected: pickup.collected,
    ev.ReceiptConfirmed: pickup.receipt_confirmed,
    ev.Disputed: pickup.disputed,
    ev.LeftForLater: pickup.left_for_later,
    ev.ReachAsked: pickup.reach_asked,
    ev.MoreTimeAsked: pickup.more_time_asked,
    ev.PracticeBegan: pickup.practice_began,
    ev.TicketTaken: pickup.ticket_taken,
    ev.VisitEnded: pickup.visit_ended,
    ev.StatusAsked: staying.status_asked,
    ev.StayExtended: staying.stay_extended,
    ev.CounterAsked: staying.counter_asked,
    ev.Rated: staying.rated,
    ev.NoticeQueued: notices.notice_queued,
    ev.NoticeAttempted: notices.notice_attempted,
    ev.NoticeSent: notices.notice_sent,
    ev.NoticeDelivered: notices.notice_delivered,
    ev.NoticeFailed: notices.notice_failed,
    ev.NoticeDropped: notices.notice_dropped,
    ev.IntakeOffered: intake.offered,
    ev.PhoneCheckAsked: intake.phone_check_asked,
    ev.PromiseBroken: intake.promise_broken,
    ev.IntakeGivenUp: intake.given_up,
    ev.DroppedOff: intake.dropped_off,
    ev.Deposited: intake.deposited,
    ev.Withdrawn: intake.withdrawn,
    ev.IntakeMissed: intake.missed,
    ev.IntakeCollected: intake.collected,
    ev.IntakeAnswered: intake.answered,
    ev.SignedIn: staff.signed_in,
    ev.SignInFailed: staff.sign_in_failed,
    ev.PresenceProved: change.unchanged,
    ev.StaffAlerted: staff.staff_alerted,
    ev.JournalSealed: runs.journal_sealed,
    ev.SelfCheckStarted: self_check.started,
    ev.SelfChecked: self_check.checked,
    ev.RelocationStarted: standing.relocation_started,
    ev.Relocated: standing.relocated,
    ev.CabinetRetired: standing.retired,
    ev.TextChanged: texts.changed,
    ev.TextRegistered: texts.registered,
    ev.TextRestored: texts.restored,
    ev.PersonalErased: runs.personal_erased,
    ev.Parked: runs.parked,
}
