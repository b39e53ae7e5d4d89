//! How weighty a text is: a law of the land before a rule of one city.

/// 0 is the weightiest.
pub(crate) fn rank(level: &str) -> u8 {
    match level {
        "行政法规" => 1,
        "部门规章" | "司法解释" => 2,
        "地方性法规" | "地方政府规章" => 3,
        // 宪法, 法律 and its branches.
        level if level.ends_with('法') || level.ends_with("法典") || level == "法律" => 0,
        "诉讼与非诉讼程序法" | "宪法相关法" => 0,
        _ => 3,
    }
}

/// How much an article of that rank counts.
pub(crate) fn weight(rank: u8) -> f32 {
    match rank {
        0 => 1.0,
        1 => 0.9,
        2 => 0.8,
        _ => 0.6,
    }
}
