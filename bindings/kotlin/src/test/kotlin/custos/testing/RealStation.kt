package custos.testing

import java.io.File
import java.util.concurrent.TimeUnit

/** A station as its operator runs it: the `custos` program in a process of its own, with a folder of its own. */
class RealStation private constructor(private val dir: File, listen: String) : AutoCloseable {
    private val log = File(dir.parentFile, "${dir.name}.log")
    private val process: Process =
        ProcessBuilder(CUSTOS, "station", "run", "--dir", dir.path, "--listen", listen, "--json")
            .redirectError(ProcessBuilder.Redirect.appendTo(log))
            .start()

    /** Its base URL. */
    val url: String

    init {
        val line = process.inputStream.bufferedReader().readLine()
        if (line == null) {
            throw AssertionError("the station ended before it listened:\n${log.readText()}")
        }
        url = field(line, "url")
    }

    /** A ticket for one terminal, issued to [officers]; to none: the first who enrols. */
    fun ticket(terminal: String, vararg officers: String): String {
        val file = File(dir.parentFile, "ticket-$terminal-${System.nanoTime()}.json")
        val issued = officers.flatMap { listOf("--officer", it) }
        admin("ticket", "new", "--terminal", terminal, *issued.toTypedArray(), "-o", file.path)
        return file.readText().also { file.delete() }
    }

    /** A signed lock, waiting at the station. */
    fun lock(terminal: String) = admin("directive", "lock", terminal, "--reason", "test")

    fun unlock(terminal: String) = admin("directive", "unlock", terminal, "--reason", "test")

    private fun admin(vararg words: String): String {
        val key = File(dir, "keys/admin.key").path
        val command = listOf(CUSTOS, "admin", "--json", "--station", url, "--key", key) + words
        val run = ProcessBuilder(command).redirectErrorStream(true).start()
        val said = run.inputStream.bufferedReader().readText()
        check(run.waitFor() == 0) { "custos admin ${words.joinToString(" ")}: $said" }
        return said
    }

    /** Ends it as an operator does, and waits until it is gone. */
    override fun close() {
        process.destroy()
        if (!process.waitFor(20, TimeUnit.SECONDS)) process.destroyForcibly().waitFor()
    }

    companion object {
        private val CUSTOS = File(System.getProperty("custos.cli")!!).canonicalPath

        /** Starts in [dir], which need not exist, on a free port or at the [url] of one that ended. */
        fun start(dir: File, url: String? = null): RealStation =
            RealStation(dir, url?.substringAfter("://") ?: "127.0.0.1:0")

        private fun field(line: String, name: String): String =
            Regex(""""$name":\s*"([^"]+)"""").find(line)?.groupValues?.get(1)
                ?: throw AssertionError("no $name in $line")
    }
}
