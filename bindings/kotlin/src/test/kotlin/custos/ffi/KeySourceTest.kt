package custos.ffi

import custos.testing.RealStation
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder

/** A key source written in Kotlin, called back by the library. */
class KeySourceTest {
    @get:Rule
    val temporary = TemporaryFolder()

    /** Counts, and lets the test decide how the next call ends. */
    private class Watched(private val inner: KeySource) : KeySource by inner {
        var wrapped = 0
        var unwrapped = 0
        var fault: (() -> Nothing)? = null

        override fun wrap(purpose: String, plaintext: ByteArray): ByteArray {
            wrapped++
            fault?.invoke()
            return inner.wrap(purpose, plaintext)
        }

        override fun unwrap(purpose: String, wrapped: ByteArray): ByteArray {
            unwrapped++
            fault?.invoke()
            return inner.unwrap(purpose, wrapped)
        }
    }

    @Test
    fun `a vault opens with the shell's keys and with no others`() {
        val dir = temporary.newFolder("terminal")
        val keys = Watched(softwareKeys(temporary.newFolder("keystore").path))
        RealStation.start(File(temporary.root, "station")).use { station ->
            Terminal.provision(dir.path, keys, station.ticket("t-1"), "JVM test").close()
        }
        assertTrue(keys.wrapped > 0)
        Terminal.open(dir.path, keys).close()
        assertTrue(keys.unwrapped > 0)

        val stranger = softwareKeys(temporary.newFolder("stranger").path).apply { create() }
        assertThrows(ApiException.KeysUnavailable::class.java) { Terminal.open(dir.path, stranger) }

        keys.fault = { throw KeySourceException.WrongKey() }
        assertThrows(ApiException.KeysUnavailable::class.java) { Terminal.open(dir.path, keys) }
        // One that nobody declared reaches the library as a failure, without its text.
        keys.fault = { throw IllegalStateException("the daemon is gone") }
        val failed = assertThrows(ApiException.KeysUnavailable::class.java) { Terminal.open(dir.path, keys) }
        assertEquals("key-source", failed.code)
        keys.fault = null
        Terminal.open(dir.path, keys).close()
    }
}
