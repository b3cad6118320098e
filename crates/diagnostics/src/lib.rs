//! One model of a diagnostic, the registry of codes, and the renderers.
