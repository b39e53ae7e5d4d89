package custos.ffi

import custos.testing.Media

/** Hands a whole clip over as a camera's encoders would, codec configuration first. */
internal fun Officer.record(clip: Media.Clip, each: (Recording, Int) -> Unit = { _, _ -> }): EvidenceItem =
    startRecording(RecordingSpec(audioOnly = false, rotationDegrees = 0)).use { recording ->
        recording.configure(clip)
        clip.samples.forEachIndexed { n, sample ->
            recording.append(sample)
            each(recording, n)
        }
        recording.stop()
    }

internal fun Recording.configure(clip: Media.Clip) {
    append(Media.Sample(audio = false, ptsUs = 0, key = false, bytes = clip.videoConfig), FastPath.CODEC_CONFIG)
    append(Media.Sample(audio = true, ptsUs = 0, key = false, bytes = clip.audioConfig), FastPath.CODEC_CONFIG)
}

internal fun Recording.append(sample: Media.Sample, flags: Int = if (sample.key) FastPath.KEY_FRAME else 0): Int {
    val (buffer, offset) = sample.direct()
    val track = if (sample.audio) FastPath.AUDIO else FastPath.VIDEO
    return FastPath.append(token(), track, sample.ptsUs, flags, buffer, offset, sample.bytes.size)
}

internal fun Status.count(state: EvidenceState): Int = evidence.find { it.state == state }?.count?.toInt() ?: 0
