"""The outbox: e-mails and texts, written in the transaction that causes them, sent afterwards."""
