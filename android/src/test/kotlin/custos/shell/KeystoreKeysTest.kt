package custos.shell

import custos.ffi.KeySourceException
import custos.shell.library.KeystoreKeys
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.annotation.Config

/** The key source of a device, over real AES-GCM. */
@RunWith(ShellRunner::class)
@Config(sdk = [34])
class KeystoreKeysTest {
    private val keys = KeystoreKeys(strongBox = false)

    @Before
    fun install() = DeviceKeystore.install()

    @Test
    fun `what is wrapped for one purpose opens for that purpose alone`() {
        keys.create()
        val plain = "secret".encodeToByteArray()
        val wrapped = keys.wrap("master", plain)
        assertTrue("the plaintext is erased", plain.all { it.toInt() == 0 })
        assertArrayEquals("secret".encodeToByteArray(), keys.unwrap("master", wrapped))
        assertThrows(KeySourceException::class.java) { keys.unwrap("other", wrapped) }
    }

    @Test
    fun `changed, cut and foreign bytes do not open`() {
        keys.create()
        val wrapped = keys.wrap("master", "secret".encodeToByteArray())
        for (n in wrapped.indices) {
            val flipped = wrapped.copyOf().also { it[n] = (it[n].toInt() xor 1).toByte() }
            assertThrows("byte $n", KeySourceException::class.java) { keys.unwrap("master", flipped) }
            assertThrows("length $n", KeySourceException::class.java) { keys.unwrap("master", wrapped.copyOf(n)) }
        }
        keys.create()
        assertThrows(KeySourceException.WrongKey::class.java) { keys.unwrap("master", wrapped) }
    }

    @Test
    fun `a destroyed key is gone, and destroying it again does nothing`() {
        assertFalse(keys.isPresent())
        keys.erase()
        keys.create()
        assertTrue(keys.isPresent())
        keys.erase()
        assertFalse(keys.isPresent())
        assertThrows(KeySourceException.WrongKey::class.java) { keys.wrap("master", ByteArray(1)) }
        assertEquals("Android Keystore", keys.describe())
    }
}
