// FFmpeg's functions that Sotto calls. Its libraries, which bring some hundred others along, are
// loaded when they are needed first, and not by commands that open no recording.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <libswresample/swresample.h>
}

namespace sotto::audio {

/// F(library, function) of all. Inline functions of the headers must not call others.
#define SOTTO_LIBAV_FUNCTIONS(F)            \
  F(avutil, av_channel_layout_compare)      \
  F(avutil, av_channel_layout_copy)         \
  F(avutil, av_channel_layout_default)      \
  F(avutil, av_channel_layout_uninit)       \
  F(avutil, av_dict_free)                   \
  F(avutil, av_dict_set)                    \
  F(avutil, av_frame_alloc)                 \
  F(avutil, av_frame_free)                  \
  F(avutil, av_log_format_line2)            \
  F(avutil, av_log_set_callback)            \
  F(avutil, av_strerror)                    \
  F(swresample, swr_alloc_set_opts2)        \
  F(swresample, swr_convert)                \
  F(swresample, swr_free)                   \
  F(swresample, swr_get_out_samples)        \
  F(swresample, swr_init)                   \
  F(avcodec, av_get_exact_bits_per_sample)  \
  F(avcodec, av_packet_alloc)               \
  F(avcodec, av_packet_free)                \
  F(avcodec, av_packet_unref)               \
  F(avcodec, avcodec_alloc_context3)        \
  F(avcodec, avcodec_find_decoder)          \
  F(avcodec, avcodec_free_context)          \
  F(avcodec, avcodec_get_name)              \
  F(avcodec, avcodec_open2)                 \
  F(avcodec, avcodec_parameters_to_context) \
  F(avcodec, avcodec_receive_frame)         \
  F(avcodec, avcodec_send_packet)           \
  F(avformat, av_probe_input_buffer2)       \
  F(avformat, av_read_frame)                \
  F(avformat, avformat_alloc_context)       \
  F(avformat, avformat_close_input)         \
  F(avformat, avformat_find_stream_info)    \
  F(avformat, avformat_open_input)          \
  F(avformat, avio_close)                   \
  F(avformat, avio_closep)                  \
  F(avformat, avio_open)                    \
  F(avformat, avio_open2)                   \
  F(avformat, avio_seek)

/// Pointers to them, under their own names and with the types that the headers give.
struct LibavFunctions {
#define SOTTO_DECLARE(library, function) decltype(&::function) function;
  SOTTO_LIBAV_FUNCTIONS(SOTTO_DECLARE)
#undef SOTTO_DECLARE
};

/// Loads the libraries when it is called first, in the versions that Sotto was built for. Throws
/// Error{audio} when that cannot be. Safe to call from several threads.
const LibavFunctions& libav();

}  // namespace sotto::audio
