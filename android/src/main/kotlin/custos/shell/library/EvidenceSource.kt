package custos.shell.library

import android.media.MediaDataSource
import custos.ffi.ClipReader
import custos.ffi.FastPath
import custos.ffi.FastPathException
import java.io.IOException

/**
 * An officer's own clip for `MediaPlayer.setDataSource` and `MediaExtractor.setDataSource`, decrypted piece by piece
 * as they read it; nothing of it is written anywhere. Time 0 of the player is [beginsAtUs] of the clip.
 *
 * A player's thread may be in [readAt] while another closes this: what it asks for after that is an [IOException],
 * as it is when the terminal is locked or wiped, or the officer leaves.
 */
internal class EvidenceSource(private val reader: ClipReader) : MediaDataSource() {
    private val token = reader.token()
    private val size = reader.size().toLong()

    val media: String = reader.media()
    val beginsAtUs: Long = reader.span()?.fromUs ?: 0

    override fun getSize(): Long = size

    override fun readAt(position: Long, buffer: ByteArray, offset: Int, size: Int): Int {
        if (size == 0) return 0
        return try {
            FastPath.readAt(token, position, buffer, offset, size)
        } catch (error: FastPathException) {
            throw IOException(error.message, error)
        }
    }

    @Volatile
    var isClosed = false
        private set

    override fun close() {
        isClosed = true
        reader.close()
    }
}
