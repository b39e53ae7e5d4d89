package custos.testing

import java.io.ByteArrayOutputStream
import java.io.File
import java.nio.ByteBuffer

/** The repository's sample as an encoder would hand it over: real access units, real AAC frames. */
object Media {
    /** One call of the fast path. */
    class Sample(val audio: Boolean, val ptsUs: Long, val key: Boolean, val bytes: ByteArray) {
        /** As a codec's output buffer holds it: direct, and not at the buffer's beginning. */
        fun direct(): Pair<ByteBuffer, Int> {
            val offset = 64
            val buffer = ByteBuffer.allocateDirect(offset + bytes.size + 32)
            buffer.position(offset)
            buffer.put(bytes)
            return buffer to offset
        }
    }

    class Clip(val videoConfig: ByteArray, val audioConfig: ByteArray, val samples: List<Sample>)

    private val folder = File(System.getProperty("custos.media")!!)

    /** A JPEG. */
    fun photo(): ByteArray = File(folder, "photo.jpg").readBytes()

    /** The whole sample, samples in the order of their times. */
    fun clip(): Clip {
        val units = accessUnits(File(folder, "sample.h264").readBytes())
        val video = units.mapIndexed { n, unit ->
            Sample(false, n * 1_000_000L / FRAMES_A_SECOND, unit.any { it.type == IDR }, unit.annexB())
        }
        val parameterSets = units.first().filter { it.type == SPS || it.type == PPS }
        val (audioConfig, frames) = adts(File(folder, "sample.aac").readBytes())
        return Clip(parameterSets.annexB(), audioConfig, (video + frames).sortedBy { it.ptsUs })
    }

    private class Nal(val type: Int, val bytes: ByteArray)

    private fun List<Nal>.annexB(): ByteArray {
        val joined = ByteArrayOutputStream()
        forEach {
            joined.write(byteArrayOf(0, 0, 0, 1))
            joined.write(it.bytes)
        }
        return joined.toByteArray()
    }

    /** NAL units between start codes (ITU-T H.264 annex B), an access unit from delimiter to delimiter. */
    private fun accessUnits(stream: ByteArray): List<List<Nal>> {
        val starts = ArrayList<Int>()
        var at = 0
        while (at + 3 <= stream.size) {
            if (stream[at].toInt() == 0 && stream[at + 1].toInt() == 0 && stream[at + 2].toInt() == 1) {
                starts += at + 3
                at += 3
            } else {
                at++
            }
        }
        val access = ArrayList<MutableList<Nal>>()
        for ((n, start) in starts.withIndex()) {
            var end = if (n + 1 < starts.size) starts[n + 1] - 3 else stream.size
            while (end > start && stream[end - 1].toInt() == 0) end--
            val unit = Nal(stream[start].toInt() and 31, stream.copyOfRange(start, end))
            if (unit.type == DELIMITER || access.isEmpty()) access += ArrayList<Nal>()
            access.last() += unit
        }
        return access
    }

    /** Raw AAC frames out of ADTS (ISO/IEC 13818-7 §6.2), and the AudioSpecificConfig they share. */
    private fun adts(stream: ByteArray): Pair<ByteArray, List<Sample>> {
        fun byte(at: Int) = stream[at].toInt() and 255
        val objectType = (byte(2) shr 6) + 1
        val rateIndex = byte(2) shr 2 and 15
        val channels = (byte(2) and 1 shl 2) or (byte(3) shr 6)
        val config = (objectType shl 11) or (rateIndex shl 7) or (channels shl 3)
        val frames = ArrayList<Sample>()
        var at = 0
        while (at + 7 <= stream.size) {
            val header = if (byte(at + 1) and 1 == 1) 7 else 9
            val length = (byte(at + 3) and 3 shl 11) or (byte(at + 4) shl 3) or (byte(at + 5) shr 5)
            val ptsUs = frames.size * 1024L * 1_000_000 / RATES[rateIndex]
            frames += Sample(true, ptsUs, true, stream.copyOfRange(at + header, at + length))
            at += length
        }
        return byteArrayOf((config shr 8).toByte(), config.toByte()) to frames
    }

    private const val FRAMES_A_SECOND = 25
    private const val IDR = 5
    private const val SPS = 7
    private const val PPS = 8
    private const val DELIMITER = 9
    private val RATES =
        listOf(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
}
