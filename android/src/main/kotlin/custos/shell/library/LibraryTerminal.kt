package custos.shell.library

import custos.ffi.ApiException
import custos.ffi.EvidenceState
import custos.ffi.KeySource
import custos.ffi.Officer
import custos.ffi.Recording
import custos.ffi.RecordingSpec
import custos.ffi.Status
import custos.ffi.Terminal
import custos.ffi.TerminalState
import custos.shell.EvidenceCounts
import custos.shell.Fault
import custos.shell.Phase
import custos.shell.Room
import custos.shell.SyncResult
import custos.shell.TerminalLook
import custos.shell.TerminalPort
import java.io.File

/**
 * The terminal in [dir], through libcustos.so. The library's objects have this one owner, which closes them: an
 * officer's when the duty ends or the terminal is locked, the terminal's with the process.
 */
internal class LibraryTerminal(private val dir: File, private val keys: KeySource) : TerminalPort, AutoCloseable {
    private class Duty(val case: String)

    private var terminal: Terminal? = null
    private var officer: Officer? = null
    private var officerName: String? = null
    private var duty: Duty? = null
    private var recording: Recording? = null
    private val watched = ArrayList<EvidenceSource>()

    @Synchronized
    override fun look(): TerminalLook = try {
        look(opened().status())
    } catch (_: ApiException.NotProvisioned) {
        TerminalLook(Phase.UNPROVISIONED)
    } catch (_: ApiException.Wiped) {
        TerminalLook(Phase.WIPED)
    } catch (error: ApiException) {
        TerminalLook(Phase.FAULT, fault(error))
    }

    private fun look(status: Status): TerminalLook {
        if (status.state == TerminalState.LOCKED && recording == null) leave()
        return TerminalLook(
            phase = when {
                recording != null -> Phase.RECORDING
                status.state == TerminalState.LOCKED -> Phase.LOCKED
                status.state == TerminalState.ON_DUTY -> Phase.ON_DUTY
                else -> Phase.READY
            },
            terminal = status.terminal,
            officer = officerName,
            case = duty?.case,
            evidence = counts(status),
            lastContactMs = status.lastContactMs,
            journalEntries = status.journalSize.toLong(),
            room = Room(dir.usableSpace, dir.totalSpace),
        )
    }

    // The network may be slow: nobody who only looks has to wait for it.
    override fun sync(): SyncResult = try {
        val report = synchronized(this) { opened() }.syncOnce()
        val refused = report.refused.firstOrNull()?.code ?: report.directivesRefused.firstOrNull()
        if (refused != null) SyncResult.Refused(refused) else SyncResult.Done(report.waiting.toInt())
    } catch (_: ApiException.StationUnreachable) {
        SyncResult.Unreachable
    } catch (_: ApiException.StationUntrusted) {
        SyncResult.Untrusted
    } catch (error: ApiException) {
        when (fault(error)) {
            Fault.STORAGE -> SyncResult.Storage
            else -> SyncResult.Refused(code(error))
        }
    }

    /** Enrols this device with a station. */
    @Synchronized
    fun provision(ticket: String, model: String) {
        dir.mkdirs()
        terminal = Terminal.provision(dir.path, keys, ticket, model)
    }

    /** Sets the PIN of an officer whom the terminal was issued to. Erases [pin]. */
    @Synchronized
    fun enrol(officer: String, pin: ByteArray) = erasing(pin) { opened().enrolOfficer(officer, pin) }

    /** Unlocks for [officer] in place of whoever was. Erases [pin]. */
    @Synchronized
    fun unlock(officer: String, pin: ByteArray) = erasing(pin) {
        val unlocked = opened().unlock(officer, pin)
        leave()
        this.officer = unlocked
        officerName = officer
    }

    @Synchronized
    fun beginDuty(case: String) {
        present().beginDuty(case)
        duty = Duty(case)
    }

    /** The token under which samples go to `FastPath.append`. */
    @Synchronized
    fun startRecording(rotationDegrees: Int): Long {
        check(recording == null) { "a recording is running" }
        val started = present().startRecording(RecordingSpec(audioOnly = false, rotationDegrees))
        recording = started
        return started.token()
    }

    @Synchronized
    fun commitRecording() {
        recording?.commit()
    }

    @Synchronized
    fun stopRecording() {
        val running = recording ?: return
        recording = null
        running.use { it.stop() }
    }

    /** Opens the officer's own [clip] for a player, which closes it; it ends with the officer at the latest. */
    @Synchronized
    fun watch(clip: String, fromUs: Long = 0, toUs: Long? = null): EvidenceSource {
        watched.removeAll(EvidenceSource::isClosed)
        return EvidenceSource(present().openClip(clip, fromUs, toUs)).also(watched::add)
    }

    /** The officer's own evidence: clip and media type, oldest first. */
    @Synchronized
    fun evidence(): List<Pair<String, String>> = present().evidence().map { it.clip to it.media }

    @Synchronized
    fun endDuty() {
        present().endDuty()
        duty = null
    }

    @Synchronized
    override fun close() {
        leave()
        terminal?.close()
        terminal = null
    }

    private fun opened(): Terminal = terminal ?: Terminal.open(dir.path, keys).also { terminal = it }

    private fun present(): Officer = officer ?: throw IllegalStateException("no officer is unlocked")

    private fun leave() {
        recording?.close()
        recording = null
        watched.forEach(EvidenceSource::close)
        watched.clear()
        officer?.close()
        officer = null
        officerName = null
        duty = null
    }

    private inline fun <T> erasing(secret: ByteArray, work: () -> T): T = try {
        work()
    } finally {
        secret.fill(0)
    }
}

private fun counts(status: Status): EvidenceCounts {
    val counts = status.evidence.associate { it.state to it.count.toInt() }
    fun of(state: EvidenceState) = counts[state] ?: 0
    return EvidenceCounts(
        recording = of(EvidenceState.RECORDING),
        sealed = of(EvidenceState.SEALED),
        recovered = of(EvidenceState.RECOVERED),
        uploading = of(EvidenceState.UPLOADING),
        confirmed = of(EvidenceState.CONFIRMED),
        failed = of(EvidenceState.FAILED),
        quarantined = of(EvidenceState.QUARANTINED),
    )
}

private fun fault(error: ApiException): Fault = when (error) {
    is ApiException.KeysUnavailable -> Fault.KEYS
    is ApiException.StorageFull, is ApiException.StorageFailed -> Fault.STORAGE
    is ApiException.NewerSchema -> Fault.NEWER
    is ApiException.Busy -> Fault.BUSY
    else -> Fault.OTHER
}

/** The word that a report quotes. */
private fun code(error: ApiException): String = when (error) {
    is ApiException.StationRefused -> error.code
    is ApiException.DirectiveRefused -> error.code
    is ApiException.Refused -> error.code
    else -> error.javaClass.simpleName
}
