package custos.shell

import android.app.Activity
import android.content.res.ColorStateList
import android.view.Gravity
import android.view.View
import android.view.ViewGroup.LayoutParams.MATCH_PARENT
import android.view.ViewGroup.LayoutParams.WRAP_CONTENT
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.ProgressBar
import android.widget.TextView

/** The views of [StatusActivity]: shows what it is told and decides nothing. */
internal class StatusScreen(private val activity: Activity, onSync: () -> Unit) {
    private val words = Words(activity.resources)
    private val sync: Button = view(R.id.sync)

    init {
        if (activity.resources.configuration.fontScale > LARGE_TYPE) TILES.forEach(::stack)
        sync.setOnClickListener { onSync() }
        say(null)
        show(TerminalLook(Phase.OPENING), nowMs = 0)
    }

    fun show(look: TerminalLook, nowMs: Long) {
        showPhase(look)
        val open = look.terminal != null
        view<View>(R.id.body).visibility = visible(open)
        view<View>(R.id.bottom).visibility = visible(open)
        if (!open) return
        showEvidence(look.evidence)
        view<TextView>(R.id.contact).text = words.contact(look.lastContactMs, nowMs)
        view<TextView>(R.id.journal).text = words.journal(look.journalEntries)
        showRoom(look.room)
    }

    /** A sentence above the button, also spoken; none: nothing. */
    fun say(sentence: String?) {
        view<TextView>(R.id.message).apply {
            text = sentence
            visibility = visible(sentence != null)
        }
    }

    fun say(result: SyncResult) = say(words.sync(result))

    fun showSyncing(running: Boolean) {
        sync.isEnabled = !running
        sync.setText(if (running) R.string.sync_running else R.string.sync_now)
    }

    private fun showPhase(look: TerminalLook) {
        val phase = words.phase(look.phase)
        val who = words.who(look)
        val detail = words.detail(look)
        view<TextView>(R.id.phase).text = phase
        view<TextView>(R.id.who).apply {
            text = who
            visibility = visible(who.isNotEmpty())
        }
        view<TextView>(R.id.detail).text = detail
        view<ImageView>(R.id.phase_icon).setImageResource(icon(look.phase))
        view<View>(R.id.hero).apply {
            backgroundTintList = ColorStateList.valueOf(activity.getColor(color(look.phase)))
            val more = listOf(who.replace("\n", ", "), detail).filter(String::isNotEmpty).joinToString(". ")
            contentDescription = activity.getString(R.string.status_spoken, phase, more)
        }
        view<TextView>(R.id.terminal).apply {
            text = look.terminal
            contentDescription = look.terminal?.let { activity.getString(R.string.terminal_spoken, it) }
        }
    }

    private fun showEvidence(counts: EvidenceCounts) {
        tile(R.id.tile_waiting, R.string.waiting, counts.waiting, R.color.ink, words.waiting(counts))
        tile(R.id.tile_uploading, R.string.uploading, counts.uploading, R.color.accent)
        tile(R.id.tile_confirmed, R.string.confirmed, counts.confirmed, R.color.good)
        tile(R.id.tile_attention, R.string.attention, counts.attention, R.color.alarm, words.attention(counts))
    }

    /** @param accent the number's colour once it is not zero */
    private fun tile(id: Int, label: Int, count: Int, accent: Int, detail: String = "") {
        val name = activity.getString(label)
        val number = words.count(count)
        view<View>(id).apply {
            findViewById<TextView>(R.id.tile_label).text = name
            findViewById<TextView>(R.id.tile_count).apply {
                text = number
                setTextColor(activity.getColor(if (count == 0) R.color.ink_soft else accent))
            }
            findViewById<TextView>(R.id.tile_detail).apply {
                text = detail
                visibility = visible(detail.isNotEmpty())
            }
            contentDescription = activity.getString(R.string.tile_spoken, name, number, detail).trim()
        }
    }

    /** With large type a tile's name and number have no room side by side. */
    private fun stack(tile: Int) {
        val row = view<View>(tile).findViewById<LinearLayout>(R.id.tile_row)
        row.orientation = LinearLayout.VERTICAL
        row.gravity = Gravity.START
        val name = row.findViewById<TextView>(R.id.tile_label)
        name.layoutParams = LinearLayout.LayoutParams(MATCH_PARENT, WRAP_CONTENT)
        (row.findViewById<TextView>(R.id.tile_count).layoutParams as LinearLayout.LayoutParams).marginStart = 0
    }

    private fun showRoom(room: Room) {
        val free = words.bytes(room.free)
        val total = words.bytes(room.total)
        view<TextView>(R.id.storage).text = activity.getString(R.string.storage_free, free, total)
        view<ProgressBar>(R.id.storage_bar).apply {
            progress = room.usedPercent
            progressTintList = ColorStateList.valueOf(activity.getColor(if (room.isLow) R.color.alarm else R.color.accent))
        }
        view<View>(R.id.storage_low).visibility = visible(room.isLow)
        view<View>(R.id.storage_card).contentDescription =
            activity.getString(R.string.storage_spoken, free, total, room.usedPercent)
    }

    private fun icon(phase: Phase): Int = when (phase) {
        Phase.OPENING -> R.drawable.phase_opening
        Phase.UNPROVISIONED -> R.drawable.phase_unprovisioned
        Phase.READY -> R.drawable.phase_ready
        Phase.ON_DUTY -> R.drawable.phase_on_duty
        Phase.RECORDING -> R.drawable.phase_recording
        Phase.LOCKED -> R.drawable.phase_locked
        Phase.WIPED -> R.drawable.phase_wiped
        Phase.FAULT -> R.drawable.phase_fault
    }

    private fun color(phase: Phase): Int = when (phase) {
        Phase.OPENING -> R.color.phase_opening
        Phase.UNPROVISIONED -> R.color.phase_unprovisioned
        Phase.READY -> R.color.phase_ready
        Phase.ON_DUTY -> R.color.phase_on_duty
        Phase.RECORDING -> R.color.phase_recording
        Phase.LOCKED -> R.color.phase_locked
        Phase.WIPED -> R.color.phase_wiped
        Phase.FAULT -> R.color.phase_fault
    }

    private fun visible(yes: Boolean) = if (yes) View.VISIBLE else View.GONE

    private fun <V : View> view(id: Int): V = activity.requireViewById(id)

    private companion object {
        const val LARGE_TYPE = 1.2f
        val TILES = listOf(R.id.tile_waiting, R.id.tile_uploading, R.id.tile_confirmed, R.id.tile_attention)
    }
}
