#!/bin/sh
# Makes the sample set again. Needs ffmpeg (5.1 of Debian 12 gave the bytes that are checked in;
# one thread and bitexact flags make every run the same).
set -eu
out=${1:-.}
exact="-fflags +bitexact -flags:v +bitexact -flags:a +bitexact -map_metadata -1"
picture="testsrc2=size=640x360:rate=25:duration=4"
sound="sine=frequency=440:beep_factor=4:sample_rate=48000:duration=4"
x264="-c:v libx264 -threads 1 -preset slow -pix_fmt yuv420p -g 50 -keyint_min 50 -sc_threshold 0"

# A clip as a desktop would have it: B-frames, edit lists, both tracks interleaved.
ffmpeg -nostdin -loglevel error -y -f lavfi -i "$picture" -f lavfi -i "$sound" \
  $x264 -profile:v high -bf 2 -b:v 420k -maxrate 500k -bufsize 500k \
  -c:a aac -b:a 48k -ac 1 $exact "$out/sample.mp4"

# What a phone's encoders give: no B-frames, an access unit delimiter before each picture.
ffmpeg -nostdin -loglevel error -y -f lavfi -i "$picture" \
  $x264 -profile:v baseline -bf 0 -b:v 420k -maxrate 500k -bufsize 500k -x264-params aud=1 \
  $exact -f h264 "$out/sample.h264"
ffmpeg -nostdin -loglevel error -y -i "$out/sample.mp4" -map 0:a -c copy $exact -f adts "$out/sample.aac"

# A photo.
ffmpeg -nostdin -loglevel error -y -f lavfi -i "testsrc2=size=1280x960:rate=1:duration=1" \
  -frames:v 1 -q:v 8 $exact "$out/photo.jpg"

# H.265 with a B-pyramid and open groups of pictures: the second and third key frame are CRA
# pictures, with leading pictures that refer to what is before them. Without the encoder's card.
small="testsrc2=size=320x180:rate=15:duration=4"
ffmpeg -nostdin -loglevel error -y -f lavfi -i "$small" -f lavfi -i "$sound" \
  -c:v libx265 -preset slow -pix_fmt yuv420p -crf 40 -tag:v hvc1 -x265-params \
  pools=none:frame-threads=1:keyint=24:min-keyint=24:scenecut=0:bframes=3:open-gop=1:info=0:log-level=none \
  -c:a aac -b:a 24k -ac 1 $exact "$out/sample-h265.mp4"
ffmpeg -nostdin -loglevel error -y -i "$out/sample-h265.mp4" -map 0:v -c copy $exact -f hevc "$out/sample.265"
