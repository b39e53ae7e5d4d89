package custos.shell

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

/**
 * Robolectric has no keystore daemon: this stands in for it, with real AES keys in memory. Everything above it, the
 * shell's [custos.shell.library.KeystoreKeys] and the library, is what a device runs.
 */
internal object DeviceKeystore {
    val keys = HashMap<String, Key>()

    fun install() {
        // Providers belong to the JVM: the one of an earlier sandbox has that sandbox's classes.
        Security.removeProvider(NAME)
        Security.addProvider(KeystoreProvider())
        keys.clear()
    }

    const val NAME = "AndroidKeyStore"
}

class KeystoreProvider : Provider(DeviceKeystore.NAME, "1", "keys in memory") {
    init {
        putService(service("KeyStore", DeviceKeystore.NAME, MemoryKeyStore::class.java))
        putService(service("KeyGenerator", "AES", MemoryKeyGenerator::class.java))
    }

    /** Classes of a sandbox are not found by name from outside: made here instead. */
    private fun service(type: String, algorithm: String, spi: Class<*>) =
        object : Service(this, type, algorithm, spi.name, null, null) {
            override fun newInstance(parameter: Any?): Any = spi.getDeclaredConstructor().newInstance()
        }
}

class MemoryKeyGenerator : KeyGeneratorSpi() {
    private var spec: KeyGenParameterSpec? = null

    override fun engineInit(random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(size: Int, random: SecureRandom?) = throw UnsupportedOperationException()

    override fun engineInit(params: AlgorithmParameterSpec?, random: SecureRandom?) {
        spec = params as KeyGenParameterSpec
    }

    override fun engineGenerateKey(): SecretKey {
        val spec = checkNotNull(spec)
        val key = KeyGenerator.getInstance("AES", "SunJCE").apply { init(spec.keySize) }.generateKey()
        DeviceKeystore.keys[spec.keystoreAlias] = key
        return key
    }
}

class MemoryKeyStore : KeyStoreSpi() {
    private val keys get() = DeviceKeystore.keys

    override fun engineGetKey(alias: String?, password: CharArray?): Key? = keys[alias]

    override fun engineContainsAlias(alias: String?) = alias in keys

    override fun engineDeleteEntry(alias: String?) {
        keys.remove(alias)
    }

    override fun engineIsKeyEntry(alias: String?) = alias in keys

    override fun engineSize() = keys.size

    override fun engineAliases(): Enumeration<String> = Collections.enumeration(keys.keys)

    override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

    override fun engineStore(stream: OutputStream?, password: CharArray?) = Unit

    override fun engineIsCertificateEntry(alias: String?) = false

    override fun engineGetCertificate(alias: String?): Certificate? = null

    override fun engineGetCertificateAlias(cert: Certificate?): String? = null

    override fun engineGetCertificateChain(alias: String?): Array<Certificate>? = null

    override fun engineGetCreationDate(alias: String?): Date? = null

    override fun engineSetCertificateEntry(alias: String?, cert: Certificate?) = throw UnsupportedOperationException()

    override fun engineSetKeyEntry(alias: String?, key: Key?, password: CharArray?, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()

    override fun engineSetKeyEntry(alias: String?, key: ByteArray?, chain: Array<out Certificate>?) =
        throw UnsupportedOperationException()
}
