-- What the corruptions choose their rows from. rowid is the one name of a row that every target has.

-- shares whose whole story is known: one attempt may have taken it, and it was answered ok with the same amount
CREATE TEMP VIEW settled AS
WITH asked AS (
    SELECT
        rowid AS operation_row, subject, person, amount_fen AS told_fen, outcome, sent_ns, done_ns, clock_error_ns
    FROM history
    WHERE operation = 'open' AND outcome <> 'fail'
    QUALIFY COUNT(*) OVER (PARTITION BY subject, person) = 1
)
SELECT
    opens.rowid AS open_row, opens.*, asked.operation_row, asked.sent_ns, asked.done_ns, asked.clock_error_ns
FROM opens
INNER JOIN asked ON asked.subject = opens.packet AND asked.person = opens.person
WHERE asked.outcome = 'ok' AND asked.told_fen = opens.amount_fen;

-- settled shares and the ledger's line that gave them to their person
CREATE TEMP VIEW credited AS
SELECT settled.*, line.rowid AS line_row, line.store AS ledger, line.entry, line.account
FROM settled
INNER JOIN postings AS line ON line.subject = settled.voucher AND line.amount_fen = settled.amount_fen
WHERE line.kind = 'credit' AND line.account_kind = 'user';

-- two settled shares of one packet, the second drawn right after the first
CREATE TEMP VIEW neighbours AS
SELECT
    one.packet,
    one.sequence,
    one.amount_fen,
    one.open_row,
    one.operation_row,
    one.voucher,
    one.person,
    one.sent_ns,
    one.clock_error_ns,
    other.amount_fen AS other_fen,
    other.open_row AS other_open_row,
    other.operation_row AS other_operation_row,
    other.voucher AS other_voucher,
    other.person AS other_person,
    other.clock_error_ns AS other_clock_error_ns
FROM settled AS one
INNER JOIN settled AS other ON other.packet = one.packet AND other.sequence = one.sequence + 1;

-- the same, both credited
CREATE TEMP VIEW credited_neighbours AS
SELECT *
FROM neighbours
WHERE voucher IN (SELECT voucher FROM credited) AND other_voucher IN (SELECT voucher FROM credited);

-- packets of which every share was opened
CREATE TEMP VIEW sold_out AS
SELECT packets.rowid AS packet_row, packets.packet, packets.kind, packets.shares
FROM packets
INNER JOIN opens ON opens.packet = packets.packet
GROUP BY packets.rowid, packets.packet, packets.kind, packets.shares
HAVING COUNT(*) = packets.shares;

-- refunds of packets that stand
CREATE TEMP VIEW refunded AS
SELECT refunds.rowid AS refund_row, refunds.*, packets.sender, packets.expires_us
FROM refunds
INNER JOIN packets ON packets.packet = refunds.packet;

-- fundings that were answered ok, and their line on the user's account
CREATE TEMP VIEW funded AS
SELECT line.entry, line.store, line.account, line.amount_fen, line.tag, history.rowid AS operation_row, history."key"
FROM history
INNER JOIN postings AS line ON line.entry = 'fund:' || history.person || ':' || history."key"
WHERE
    history.operation = 'fund' AND history.outcome = 'ok' AND line.kind = 'fund' AND line.account_kind = 'user';
