package custos.shell

import android.content.res.Resources
import android.icu.text.DateFormat
import android.icu.text.NumberFormat
import java.util.Date
import java.util.Locale

/** What is shown, in the language of the screen. */
internal class Words(private val resources: Resources) {
    private val locale: Locale get() = resources.configuration.locales[0]

    fun phase(phase: Phase): String = resources.getString(
        when (phase) {
            Phase.OPENING -> R.string.phase_opening
            Phase.UNPROVISIONED -> R.string.phase_unprovisioned
            Phase.READY -> R.string.phase_ready
            Phase.ON_DUTY -> R.string.phase_on_duty
            Phase.RECORDING -> R.string.phase_recording
            Phase.LOCKED -> R.string.phase_locked
            Phase.WIPED -> R.string.phase_wiped
            Phase.FAULT -> R.string.phase_fault
        },
    )

    fun detail(look: TerminalLook): String = resources.getString(
        when (look.phase) {
            Phase.OPENING -> R.string.detail_opening
            Phase.UNPROVISIONED -> R.string.detail_unprovisioned
            Phase.READY -> R.string.detail_ready
            Phase.ON_DUTY -> R.string.detail_on_duty
            Phase.RECORDING -> R.string.detail_recording
            Phase.LOCKED -> R.string.detail_locked
            Phase.WIPED -> R.string.detail_wiped
            Phase.FAULT -> fault(look.fault ?: Fault.OTHER)
        },
    )

    private fun fault(fault: Fault): Int = when (fault) {
        Fault.KEYS -> R.string.fault_keys
        Fault.STORAGE -> R.string.fault_storage
        Fault.NEWER -> R.string.fault_newer
        Fault.BUSY -> R.string.fault_busy
        Fault.OTHER -> R.string.fault_other
    }

    /** The officer and the case of the running duty, one a line. */
    fun who(look: TerminalLook): String = listOfNotNull(
        look.officer?.let { resources.getString(R.string.officer, it) },
        look.case?.let { resources.getString(R.string.case_number, it) },
    ).joinToString("\n")

    fun contact(lastMs: Long?, nowMs: Long): String {
        if (lastMs == null) return resources.getString(R.string.contact_never)
        val minutes = (nowMs - lastMs).coerceAtLeast(0) / 60_000
        return when {
            minutes < 1 -> resources.getString(R.string.contact_now)
            minutes < 60 -> plural(R.plurals.contact_minutes, minutes.toInt())
            minutes < 24 * 60 -> plural(R.plurals.contact_hours, (minutes / 60).toInt())
            else -> {
                val form = DateFormat.getInstanceForSkeleton("yMMMdHm", locale)
                resources.getString(R.string.contact_on, form.format(Date(lastMs)))
            }
        }
    }

    fun journal(entries: Long): String =
        plural(R.plurals.journal_entries, entries.coerceAtMost(Int.MAX_VALUE.toLong()).toInt())

    /** What stands out among the waiting ones; nothing: empty. */
    fun waiting(counts: EvidenceCounts): String = parts(R.string.recovered_detail to counts.recovered)

    fun attention(counts: EvidenceCounts): String =
        parts(R.string.failed_detail to counts.failed, R.string.quarantined_detail to counts.quarantined)

    private fun parts(vararg parts: Pair<Int, Int>): String =
        parts.filter { it.second > 0 }.joinToString(" · ") { (text, count) -> resources.getString(text, count) }

    fun count(count: Int): String = NumberFormat.getIntegerInstance(locale).format(count)

    /** Decimal units, as on the label of the medium. */
    fun bytes(bytes: Long): String {
        val (value, unit) = when {
            bytes >= 1_000_000_000_000 -> bytes / 1e12 to "TB"
            bytes >= 1_000_000_000 -> bytes / 1e9 to "GB"
            else -> bytes / 1e6 to "MB"
        }
        val form = NumberFormat.getNumberInstance(locale)
        form.maximumFractionDigits = if (value < 10) 1 else 0
        return "${form.format(value)}\u00a0$unit"
    }

    fun sync(result: SyncResult): String = when (result) {
        is SyncResult.Done ->
            if (result.left == 0) resources.getString(R.string.sync_done)
            else plural(R.plurals.sync_left, result.left)
        SyncResult.Unreachable -> resources.getString(R.string.sync_unreachable)
        SyncResult.Untrusted -> resources.getString(R.string.sync_untrusted)
        SyncResult.Storage -> resources.getString(R.string.sync_storage)
        is SyncResult.Refused -> resources.getString(R.string.sync_refused, result.code)
    }

    private fun plural(id: Int, quantity: Int) = resources.getQuantityString(id, quantity, quantity)
}
