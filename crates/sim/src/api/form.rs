//! In which form a client wants what it reads: `Accept` of requests for objects.

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// The objects themselves.
    Whole,
    /// Their metadata.
    Metadata,
    /// Rows of a table, as kubectl shows them, each with this of its object.
    Table(Include),
}

/// What of its object stands in a row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Object,
}

impl Form {
    /// The first form of an `Accept` header that there is. What nobody can give is answered with the
    /// objects themselves.
    pub(super) fn of(accept: &str, include: &str) -> Self {
        accept.split(',').find_map(|range| Self::of_range(range, include)).unwrap_or(Self::Whole)
    }

    fn of_range(range: &str, include: &str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        if !matches!(parts.next()?, "application/json" | "application/*" | "*/*") {
            return None;
        }
        let mut parameters = parts.filter_map(|part| part.split_once('='));
        let wanted = parameters.clone().find(|(name, _)| *name == "as").map(|(_, value)| value);
        let is_known = parameters.all(|(name, value)| match name {
            "v" => value == "v1",
            "g" => value == "meta.k8s.io",
            _ => true,
        });
        match wanted {
            None => Some(Self::Whole),
            Some("Table") if is_known => Some(Self::Table(Include::of(include))),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") if is_known => Some(Self::Metadata),
            Some(_) => None,
        }
    }
}

impl Include {
    fn of(asked: &str) -> Self {
        match asked {
            "None" => Self::Nothing,
            "Object" => Self::Object,
            _ => Self::Metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_there_is_counts() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        for (accept, expected) in [
            ("", Form::Whole),
            ("application/json", Form::Whole),
            (&format!("{table},application/json"), Form::Table(Include::Metadata)),
            (&format!("application/json, {table}"), Form::Whole),
            ("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", Form::Whole),
            (&format!("application/vnd.kubernetes.protobuf,{table}"), Form::Table(Include::Metadata)),
            ("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", Form::Metadata),
        ] {
            assert_eq!(Form::of(accept, ""), expected, "{accept}");
        }
        assert_eq!(Form::of(table, "Object"), Form::Table(Include::Object));
    }
}
