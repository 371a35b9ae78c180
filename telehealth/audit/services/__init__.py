"""Record, seal, verify, export and search the trail."""

from telehealth.audit.services.record import record_event, record_refusal, was_recorded_since

__all__ = ["record_event", "record_refusal", "was_recorded_since"]
