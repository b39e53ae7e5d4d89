//! What an officer typed, understood: a law, an article's number, a chapter, and words.

use super::{
    index::{Token, single, tokens_of_phrase},
    names::{self, Fit, Name},
    normalise::{folded, is_han, runs},
    number::{self, ArticleNumber},
    synonyms::{self, Part},
};

/// Longer queries are cut here, in characters: nobody types more, and work is bounded.
const LONGEST: usize = 160;

/// More words than this are passed over.
const MOST_CONCEPTS: usize = 24;

/// A query, understood.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Laws that were named, with their fit.
    pub(crate) laws: Vec<(usize, Fit)>,
    pub(crate) number: Option<ArticleNumber>,
    /// 第三章, 第二节: what the heading begins with.
    pub(crate) headings: Vec<String>,
    pub(crate) concepts: Vec<Concept>,
}

/// One thing that is looked for, in the words of the query or in others.
#[derive(Debug)]
pub(crate) struct Concept {
    pub(crate) alternatives: Vec<Alternative>,
}

/// One wording: its phrases, which are worth more the nearer to verbatim they stand there.
#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) phrases: Vec<Vec<char>>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) weight: f32,
    /// Tokens that many articles hold say nothing here and are passed over.
    pub(crate) rare_only: bool,
}

impl Alternative {
    fn new(text: &[char], weight: f32) -> Option<Self> {
        let phrases = runs(text).into_iter().map(|(_, b, e)| text[b..e].to_vec());
        let phrases: Vec<_> = phrases.collect();
        let mut tokens = tokens_of_phrase(text);
        tokens.sort_unstable();
        tokens.dedup();
        (!tokens.is_empty()).then_some(Self {
            phrases,
            tokens,
            weight,
            rare_only: false,
        })
    }

    /// The characters of a text one by one: what people say and what the law says often share one
    /// (骗人, 诈骗). None of words that stand in every sentence.
    fn characters(text: &[char], weight: f32) -> Option<Self> {
        let all = text.iter().filter(|c| is_han(**c) && !EMPTY.contains(**c));
        let mut tokens: Vec<Token> = all.map(|c| single(*c)).collect();
        tokens.sort_unstable();
        tokens.dedup();
        (!tokens.is_empty()).then_some(Self {
            phrases: Vec::new(),
            tokens,
            weight,
            rare_only: true,
        })
    }
}

/// Characters of talk that say nothing of what is looked for.
const EMPTY: &str = "的了着过在是有我你他她它们这那个不没把被让给到去来上下里外就都还要能会怎么吗呢啊吧和与或及跟对向从自人事做弄搞什为多少几点很太又再也只";

/// Understands `words`; whatever they are, there is a plan.
pub(crate) fn plan(words: &str, names: &[Name]) -> Plan {
    let mut text: Vec<char> = folded(words);
    text.truncate(LONGEST);
    let mut plan = Plan::default();
    take_headings(&mut text, &mut plan);
    let found = number::find(&text);
    let mut rest = text.clone();
    if let Some(found) = found {
        rest[found.begin..found.end].fill(' ');
    }
    let mut others = Vec::new();
    for word in split(&rest) {
        take_name(word, names, &mut plan, &mut others);
    }
    // A bare number is an article's if there is a law for it, or nothing else: 20 克 is not.
    let number = found.filter(|f| f.marked || !plan.laws.is_empty() || others.is_empty());
    plan.number = number.map(|f| f.number);
    if found.is_some() && number.is_none() {
        others = split(&text).into_iter().map(<[char]>::to_vec).collect();
    }
    for word in &others {
        concepts(word, &mut plan.concepts);
    }
    plan.concepts.truncate(MOST_CONCEPTS);
    plan
}

/// The words of a folded text: what stands between spaces and marks.
fn split(text: &[char]) -> Vec<&[char]> {
    let words = text.split(|c| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}

/// 第三章 and 第二节, taken out of the text.
fn take_headings(text: &mut [char], plan: &mut Plan) {
    for unit in ['编', '章', '节'] {
        let Some(end) = text.iter().position(|c| *c == unit) else {
            continue;
        };
        let Some(begin) = text[..end].iter().rposition(|c| *c == '第') else {
            continue;
        };
        let Some(value) = number::value(&text[begin + 1..end]).filter(|v| (1..100).contains(v))
        else {
            continue;
        };
        plan.headings.push(format!("第{}{unit}", chinese(value)));
        text[begin..=end].fill(' ');
    }
}

/// 1 to 99 as headings write them.
fn chinese(value: u16) -> String {
    let digit = |d: u16| {
        "〇一二三四五六七八九"
            .chars()
            .nth(usize::from(d))
            .filter(|_| d > 0)
    };
    let (tens, ones) = (value / 10, value % 10);
    let lead = digit(tens).filter(|_| tens > 1);
    let ten = (tens > 0).then_some('十');
    [lead, ten, digit(ones)].into_iter().flatten().collect()
}

/// Takes the name of a law out of a word; what is left of it are words.
fn take_name(word: &[char], names: &[Name], plan: &mut Plan, others: &mut Vec<Vec<char>>) {
    let found = names::find(names, word);
    if !found.is_empty() {
        let letters = word.iter().all(char::is_ascii_alphabetic);
        plan.laws.extend(found);
        // dna and gps are words as well.
        if letters && word.len() <= 3 {
            others.push(word.to_vec());
        }
        return;
    }
    if let Some((found, end)) = names::find_prefix(names, word) {
        plan.laws.extend(found);
        let rest = word[end..].to_vec();
        // 的 and 中 of 刑法中的盗窃罪.
        let lead = rest.iter().take_while(|c| matches!(c, '的' | '中' | '里'));
        let lead = lead.count();
        if rest.len() > lead {
            others.push(rest[lead..].to_vec());
        }
        return;
    }
    others.push(word.to_vec());
}

/// What characters count that do not stand together as they were typed.
const APART: f32 = 0.45;

fn concepts(word: &[char], concepts: &mut Vec<Concept>) {
    let parts = synonyms::parts(word);
    let some_known = parts
        .iter()
        .any(|p| matches!(p, Part::Known(_, w) if !w.is_empty()));
    // A known wording may be a part of a word that is something else: 偷 in 偷窥.
    if some_known && parts.len() > 1 && word.len() <= 6 {
        let alternatives = Alternative::new(word, 0.7).into_iter().collect();
        concepts.push(Concept { alternatives });
    }
    for part in &parts {
        let alternatives: Vec<_> = match part {
            Part::Known(_, []) => continue,
            Part::Known(key, wordings) => {
                let said = wordings.iter().filter_map(|w| Alternative::new(w, 1.0));
                said.chain(Alternative::new(key, 0.9)).collect()
            }
            // 的, 在 and the like between known wordings.
            Part::Other(rest) if rest.len() == 1 && parts.len() > 1 => continue,
            Part::Other(rest) => {
                let weight = if some_known { 0.6 } else { 1.0 };
                let whole = Alternative::new(rest, weight).into_iter();
                let apart = (rest.len() > 1).then(|| Alternative::characters(rest, weight * APART));
                whole.chain(apart.flatten()).collect()
            }
        };
        if !alternatives.is_empty() {
            concepts.push(Concept { alternatives });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lookup::law::initials;

    fn of(words: &str) -> (Vec<usize>, Option<String>, Vec<String>, usize) {
        let names: Vec<_> = ["中华人民共和国治安管理处罚法", "中华人民共和国刑法"]
            .iter()
            .map(|t| Name::new(t, initials::of_title(t)))
            .collect();
        let plan = plan(words, &names);
        let laws = plan.laws.iter().map(|l| l.0).collect();
        let number = plan.number.map(|n| n.to_string());
        (laws, number, plan.headings, plan.concepts.len())
    }

    #[test]
    fn queries_are_understood() {
        let number = |n: &str| Some(n.to_owned());
        assert_eq!(of("治安处罚法 23"), (vec![0], number("23"), vec![], 0));
        assert_eq!(of("zagl 第２３條"), (vec![0], number("23"), vec![], 0));
        assert_eq!(
            of("刑法第一百三十三条之一"),
            (vec![1], number("133.1"), vec![], 0)
        );
        assert_eq!(
            of("刑法133之一 危险驾驶"),
            (vec![1], number("133.1"), vec![], 1)
        );
        assert_eq!(of("§23"), (vec![], number("23"), vec![], 0));
        assert_eq!(of("二十三"), (vec![], number("23"), vec![], 0));
        assert_eq!(of("刑法盗窃"), (vec![1], None, vec![], 1));
        assert_eq!(
            of("治安法 第三章 第2节"),
            (vec![0], None, vec!["第三章".into(), "第二节".into()], 0)
        );
        assert_eq!(of("冰毒 20").1, None);
        assert_eq!(of("盗窃 诈骗"), (vec![], None, vec![], 2));
    }

    #[test]
    fn any_text_has_a_plan() {
        let long = "盗窃\"*NEAR(' OR 1=1 --\0".repeat(500);
        for words in [
            "",
            " ",
            "\0",
            "\"",
            "*",
            "NEAR",
            "第",
            "条",
            "§",
            "第条",
            "之一",
            "法",
            long.as_str(),
        ] {
            let plan = plan(words, &[]);
            assert!(plan.concepts.len() <= MOST_CONCEPTS, "{words:?}");
        }
        assert_eq!(chinese(10), "十");
        assert_eq!(chinese(21), "二十一");
    }
}
