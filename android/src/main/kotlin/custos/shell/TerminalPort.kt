package custos.shell

/**
 * What the screens know of the terminal. They import this and nothing of the library behind it; the one
 * implementation is in `custos.shell.library`.
 *
 * Both functions block (disk, and the network for [sync]): never on the main thread.
 */
interface TerminalPort {
    /** The state as it is now. It does not throw: what keeps the vault shut is [Phase.FAULT]. */
    fun look(): TerminalLook

    /** Brings station and terminal together once. */
    fun sync(): SyncResult
}

/** What the terminal is doing, the first thing an officer has to know. */
enum class Phase { OPENING, UNPROVISIONED, READY, ON_DUTY, RECORDING, LOCKED, WIPED, FAULT }

/** Why the vault stays shut, as far as somebody would act differently on it. */
enum class Fault { KEYS, STORAGE, NEWER, BUSY, OTHER }

/** How many items of evidence are in each state. */
data class EvidenceCounts(
    val recording: Int = 0,
    val sealed: Int = 0,
    val recovered: Int = 0,
    val uploading: Int = 0,
    val confirmed: Int = 0,
    val failed: Int = 0,
    val quarantined: Int = 0,
) {
    val waiting get() = sealed + recovered
    val attention get() = failed + quarantined
}

/** Room on the medium that holds the vault, in bytes. */
data class Room(val free: Long, val total: Long) {
    val usedPercent get() = if (total <= 0) 0 else ((total - free) * 100 / total).toInt().coerceIn(0, 100)
    val isLow get() = total > 0 && free < maxOf(total / 20, 512L shl 20)
}

/** One look at the terminal. Times are Unix milliseconds. */
data class TerminalLook(
    val phase: Phase,
    val fault: Fault? = null,
    val terminal: String? = null,
    val officer: String? = null,
    val case: String? = null,
    val evidence: EvidenceCounts = EvidenceCounts(),
    val lastContactMs: Long? = null,
    val journalEntries: Long = 0,
    val room: Room = Room(0, 0),
)

/** How a [TerminalPort.sync] ended. */
sealed interface SyncResult {
    /** The station was reached; [left] items are not confirmed yet. */
    data class Done(val left: Int) : SyncResult

    data object Unreachable : SyncResult

    /** Who answered is not the station of the ticket, or what it signed does not verify. */
    data object Untrusted : SyncResult

    /** The terminal's own storage is full or failing. */
    data object Storage : SyncResult

    /** Anything else, by its stable word. */
    data class Refused(val code: String) : SyncResult
}
