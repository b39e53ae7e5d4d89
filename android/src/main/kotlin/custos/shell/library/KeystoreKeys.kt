package custos.shell.library

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import custos.ffi.KeySource
import custos.ffi.KeySourceException
import java.security.GeneralSecurityException
import java.security.KeyStore
import java.security.ProviderException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * The vault's key-encryption key in Android Keystore: AES-256-GCM, in StrongBox where the device has one. It never
 * leaves it. It needs no unlocked screen, because an upload has to go on in a pocket; each officer's own evidence
 * needs the PIN as well.
 *
 * Wrapped form: 12 bytes nonce (the Keystore chooses it), then ciphertext and tag. The purpose is the AAD.
 */
internal class KeystoreKeys(private val strongBox: Boolean, private val alias: String = "custos.kek") : KeySource {
    override fun describe(): String = if (strongBox) "Android Keystore, StrongBox asked for" else "Android Keystore"

    override fun create() = named {
        erase()
        try {
            generate(strongBox)
        } catch (_: StrongBoxUnavailableException) {
            generate(false)
        }
    }

    override fun wrap(purpose: String, plaintext: ByteArray): ByteArray = named {
        try {
            val cipher = Cipher.getInstance(CIPHER)
            cipher.init(Cipher.ENCRYPT_MODE, key())
            cipher.updateAAD(purpose.encodeToByteArray())
            val sealed = cipher.doFinal(plaintext)
            check(cipher.iv.size == NONCE) { "a nonce of another size" }
            cipher.iv + sealed
        } finally {
            plaintext.fill(0)
        }
    }

    override fun unwrap(purpose: String, wrapped: ByteArray): ByteArray = named {
        if (wrapped.size <= NONCE) throw KeySourceException.Damaged()
        val cipher = Cipher.getInstance(CIPHER)
        cipher.init(Cipher.DECRYPT_MODE, key(), GCMParameterSpec(TAG_BITS, wrapped, 0, NONCE))
        cipher.updateAAD(purpose.encodeToByteArray())
        try {
            cipher.doFinal(wrapped, NONCE, wrapped.size - NONCE)
        } catch (_: AEADBadTagException) {
            // GCM cannot tell another key from damaged bytes; another key is what happens to a copied vault.
            throw KeySourceException.WrongKey()
        }
    }

    override fun erase() = named { store().deleteEntry(alias) }

    override fun isPresent(): Boolean = named { store().containsAlias(alias) }

    private fun store(): KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }

    private fun key(): SecretKey =
        store().getKey(alias, null) as? SecretKey ?: throw KeySourceException.WrongKey()

    private fun generate(strongBox: Boolean) {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec = KeyGenParameterSpec.Builder(alias, purposes)
            .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
            .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
            .setKeySize(KEY_BITS)
            .setIsStrongBoxBacked(strongBox)
            .build()
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(spec)
        generator.generateKey()
    }

    /** What the Keystore throws, by the library's names; the library sees no other exception. */
    private inline fun <T> named(work: () -> T): T = try {
        work()
    } catch (_: GeneralSecurityException) {
        throw KeySourceException.Failed()
    } catch (_: ProviderException) {
        throw KeySourceException.Failed()
    }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val CIPHER = "AES/GCM/NoPadding"
        const val KEY_BITS = 256
        const val TAG_BITS = 128
        const val NONCE = 12
    }
}
