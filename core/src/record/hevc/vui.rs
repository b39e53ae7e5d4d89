//! The rest of an SPS, up to the few things in its VUI that are needed (ITU-T H.265 §7.3.2.2.1,
//! Annex E).

use super::{Bits, FrameTime, rps};

#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Vui {
    pub(super) frame_time: Option<FrameTime>,
    pub(super) segmentation: u16,
}

/// Reads on behind the sub-layers' ordering info. `None` where it cannot be read: nothing in here
/// is needed to make a file that plays.
pub(super) fn after_ordering(bits: &mut Bits<'_>, order_bits: u32, sub_layers: u32) -> Option<Vui> {
    for _ in 0..6 {
        bits.golomb()?; // sizes of coding and transform blocks, depths of the hierarchy
    }
    if bits.flag()? && bits.flag()? {
        skip_scaling_lists(bits)?;
    }
    bits.skip(2)?; // amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.flag()? {
        bits.skip(8)?; // pcm bit depths
        bits.golomb()?;
        bits.golomb()?;
        bits.flag()?; // pcm_loop_filter_disabled_flag
    }
    rps::skip(bits)?;
    if bits.flag()? {
        for _ in 0..bits.golomb().filter(|n| *n <= 32)? {
            bits.skip(order_bits + 1)?; // long-term reference pictures
        }
    }
    bits.skip(2)?; // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
    if bits.flag()? {
        Some(vui(bits, sub_layers))
    } else {
        None
    }
}

/// §7.3.4
fn skip_scaling_lists(bits: &mut Bits<'_>) -> Option<()> {
    for size in 0..4 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if bits.flag()? {
                if size > 1 {
                    bits.signed_golomb()?; // scaling_list_dc_coef_minus8
                }
                for _ in 0..(1 << (4 + 2 * size)).min(64) {
                    bits.signed_golomb()?;
                }
            } else {
                bits.golomb()?; // scaling_list_pred_matrix_id_delta
            }
        }
    }
    Some(())
}

/// E.2.1. What was read before it ends early is kept.
fn vui(bits: &mut Bits<'_>, sub_layers: u32) -> Vui {
    let mut found = Vui::default();
    let _ = read(bits, sub_layers, &mut found);
    found
}

fn read(bits: &mut Bits<'_>, sub_layers: u32, found: &mut Vui) -> Option<()> {
    if bits.flag()? && bits.take(8)? == 255 {
        bits.skip(32)?; // sar_width, sar_height
    }
    if bits.flag()? {
        bits.flag()?; // overscan_appropriate_flag
    }
    if bits.flag()? {
        bits.skip(4)?; // video_format, video_full_range_flag
        if bits.flag()? {
            bits.skip(24)?; // colour description
        }
    }
    if bits.flag()? {
        bits.golomb()?;
        bits.golomb()?; // chroma sample locations
    }
    bits.flag()?; // neutral_chroma_indication_flag
    let fields = bits.flag()?;
    bits.flag()?; // frame_field_info_present_flag
    if bits.flag()? {
        for _ in 0..4 {
            bits.golomb()?; // default display window
        }
    }
    if bits.flag()? {
        let units = u64::from(bits.take(32)?);
        let scale = u64::from(bits.take(32)?);
        // A tick is a picture, which is a field in a stream of fields.
        let ticks = if fields { 2 } else { 1 };
        found.frame_time = FrameTime::new(units * ticks, scale);
        if bits.flag()? {
            bits.golomb()?; // vui_num_ticks_poc_diff_one_minus1
        }
        if bits.flag()? {
            skip_hrd(bits, sub_layers)?;
        }
    }
    if bits.flag()? {
        bits.skip(3)?; // tiles, motion vectors, reference lists
        found.segmentation = bits.golomb().filter(|n| *n < 4096)? as u16;
    }
    Some(())
}

/// E.2.2, with the common information.
fn skip_hrd(bits: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    let kinds = u32::from(bits.flag()?) + u32::from(bits.flag()?);
    let mut sub_pictures = false;
    if kinds > 0 {
        sub_pictures = bits.flag()?;
        if sub_pictures {
            bits.skip(8 + 5 + 1 + 5)?;
        }
        bits.skip(8)?; // bit_rate_scale, cpb_size_scale
        if sub_pictures {
            bits.skip(4)?;
        }
        bits.skip(15)?; // lengths of delays
    }
    for _ in 0..sub_layers {
        let general = bits.flag()?;
        let within = general || bits.flag()?;
        let mut low_delay = false;
        if within {
            bits.golomb()?; // elemental_duration_in_tc_minus1
        } else {
            low_delay = bits.flag()?;
        }
        let buffers = if low_delay {
            1
        } else {
            bits.golomb().filter(|n| *n <= 31)? + 1
        };
        for _ in 0..kinds * buffers {
            for _ in 0..if sub_pictures { 4 } else { 2 } {
                bits.golomb()?;
            }
            bits.flag()?; // cbr_flag
        }
    }
    Some(())
}
