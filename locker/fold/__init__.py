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
    doors,
    exceptional,
    intake,
    loading,
    notices,
    pickup,
    recounts,
    results,
    runs,
    staff,
    stock,
)
from locker.model import Cabinet

FOLD_VERSION = 9


def apply(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    """The cabinet after one more fact. Unknown combinations change nothing; a fact is never refused."""
    changed = APPLY[type(recorded.event)](cabinet, recorded.event, recorded)
    return replace(changed, seq=recorded.seq, epoch=recorded.epoch, utc_ms=recorded.moment.utc_ms)


def _fact_merged(cabinet: Cabinet, event: ev.FactMerged, recorded: ev.Recorded) -> Cabinet:
    return recounts.fact_merged(cabinet, event, recorded, folds=APPLY)


APPLY: Mapping[type[ev.EventBody], Callable[[Cabinet, Any, ev.Recorded], Cabinet]] = {
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
    ev.NoticeQueued: notices.notice_queued,
    ev.NoticeAttempted: notices.notice_attempted,
    ev.NoticeSent: notices.notice_sent,
    ev.NoticeDelivered: notices.notice_delivered,
    ev.NoticeFailed: notices.notice_failed,
    ev.NoticeDropped: notices.notice_dropped,
    ev.IntakeOffered: intake.offered,
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
    ev.PersonalErased: runs.personal_erased,
    ev.Parked: runs.parked,
}
