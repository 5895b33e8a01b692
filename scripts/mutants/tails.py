"""An operator more at the end, of every kind, right or wrong; `{c}` and `{d}` are names of the query."""

import re

# Between templates; a pipe inside of one has blanks on both sides.
SEPARATOR = re.compile(r"\|(?! )|(?<! )\|")

KINDS = {}

TAILS = {
    "rows": """take|take 'x'|take 5 6|take -1|take {c}|limit 5.5|take 1d|take by 5|sample|sample 5|sample 'x'|sample-distinct 5 of {c}|sample-distinct {c}|
        sample-distinct 5 by {c}|top 5|top 5 by|top 5 by {c}|top 5 by {c} up|top {c} by 5|top 'x' by {c}|top 5 by {c}, {d}|sort {c}|sort by|sort by {c} {d}|sort by {c} asc nulls|
        sort by {c} nulls last|order {c} desc|sort by 1|sort by {c} asc, {d}|top-nested 3 of {c} by count()|top-nested of {c} by count()|top-nested 3 {c} by count()|
        top-nested 3 of {c} by {d}|top-hitters 3 of {c}|top-hitters of {c}|top-hitters 3 of {c} by {d}|count by {c}|count {c}|count()|count as x|distinct {c} {d}|distinct count()|
        distinct|where|where {c} =|where {c} {d}|where {c} = 1|where 1|where 'x'|where {c}, {d}|where {c} and|where not {c}|where isempty {c}|where ({c}|where {c})|filter 1 == 1|where * has 'x'|where * == 1|where {c} is null|where {c} like '%x'|where exists({c})|where {c} in|where {c} in ()|where {c} between 1 and 2|where count() > 1|where {c} == null|where true|having count_ > 1|limit|take 5;|getschema {c}|getschema""",
    "columns": """extend|extend x|extend x =|extend x = {c} y = {d}|extend x == 1|extend = 1|extend ({c}) = 1|extend (a, b) = 1|extend x = count()|extend x = Heartbeat|extend 'x' = 1|extend x = {c} as y|extend x = case({c} == 1, 2)|extend x = case(true, 1, 2, 3)|
        extend x = iff({c}, 1)|extend x = iff(1, 2, 3)|extend x = iif(true, 1, 'a')|extend x = row_number()|extend x = prev({c})|extend x = {c} + 'a'|extend x = -{c}|extend x = {c}.y|extend x = {c}['y']|extend x = {c}[0]|extend x = not({c})|extend x = if(true, 1, 2)|extend x = toscalar({c})|extend x = y = 1|extend x=1,|extend x = 1 +|project|project {c} {d}|project x = |project {c},|project {c}, {c}|project *|project -{c}|project-away|project-away {c}|project-away zz*|project-keep|project-keep {c}|project-rename|project-rename {c}|project-rename x = {c}|project-rename {c} = {d}|project-reorder|project-reorder {c} asc|project-reorder *, {c}|project-away x = {c}|project-smart {c}|serialize|serialize x = row_number()|serialize x|as|as x|as x y|as hint.materialized=true x|as 1|consume|consume x|evaluate|evaluate 1|evaluate narrow()|evaluate narrow({c})|
        evaluate bag_unpack({c})|evaluate bag_unpack()|evaluate pivot({c})|evaluate pivot()|evaluate pivot({c}, count(), {d})|evaluate bag_unpack({c}, 1)|evaluate autocluster()|evaluate basket(0.5)|evaluate basket('x')|evaluate dcount_intersect({c})|evaluate ipv4_lookup(Heartbeat, {c}, Computer)|evaluate ipv4_lookup({c})|evaluate python()|evaluate unknown_plugin({c})|evaluate bag_unpack|evaluate hint.distribution=single pivot({c})|evaluate rows_near(true)|evaluate sequence_detect({c}, 1d, 1d, a = true)""",
    "groups": """summarize|summarize by|summarize by {c}|summarize count() by|summarize count by {c}|summarize count() {c}|summarize count(*)|summarize count({c})|summarize {c}|summarize {c} by {d}|summarize x = |summarize count(), count()|summarize x = count(), x = count()|summarize count() by {c}, {c}|summarize sum({c})|summarize sum()|summarize avg('x')|summarize dcount()|summarize dcount({c}, 'x')|summarize dcount({c}, 9)|summarize percentile({c})|summarize percentile({c}, 'x')|summarize percentiles({c}, 5, 50)|
        summarize arg_max({c})|summarize arg_max({c}, *)|summarize arg_max(*, {c})|summarize arg_max({c}, x = {d})|summarize make_set()|summarize make_set({c}, 'x')|summarize make_list({c}, 5)|summarize countif({c})|summarize countif({c} == 'x')|summarize sumif({c})|summarize count() by bin({c})|summarize count() by bin({c}, 1d)|summarize count() by bin({c}, 'x')|summarize count() by x = {c}|summarize count() by x = |summarize count() group by {c}|summarize count() by {c} asc|summarize count() on {c}|summarize strlen({c})|summarize count() + 1|summarize 1 + count() by {c}|summarize max({c}) - min({c})|summarize max(count())|summarize tostring(max({c}))|summarize take_any(*)|summarize any({c})|summarize count() by count()|summarize count() by *|summarize hll({c})|summarize stdev({c})|summarize binary_all_and({c})|summarize (a, b) = arg_max({c}, {d})|summarize count() where {c} == 1|summarize count(), by {c}|summarize count() by {c},|
        make-series count() on {c}|make-series count()|make-series count() on {c} from 1 to 2 step 1|make-series count() on {c} step 1d|make-series count() on {c} step|make-series {c} on {d} step 1d|make-series count() on {c} from ago(1d) to now() step 1h by {d}|make-series x = count() default = 0 on {c} in range(1, 2, 1)|make-series count() by {d} on {c} step 1d|make-series strlen({c}) on {d} step 1|partition by {c} (take 1)|partition by {c} take 1|partition hint.strategy=native by {c} (count)|partition by (count)|partition by {c} ()|partition kind=x by {c} (count)|reduce by {c}|reduce {c}|reduce by {c} with threshold=0.5|reduce by {c} with x=1|facet by {c}|facet {c}|facet by {c} with (take 1)|fork (take 1) (count)|fork take 1|fork ()|fork x = (count) y = (take 1)""",
    "values": """mv-expand|mv-expand {c}|mv-expand {c} to typeof(string)|mv-expand {c} to typeof(strng)|mv-expand {c} to string|mv-expand x = {c}|mv-expand x = {c} to|mv-expand {c} limit 5|mv-expand {c} limit|mv-expand {c} limit 'x'|mv-expand bagexpansion=array {c}|mv-expand bagexpansion=x {c}|mv-expand kind=array {c}|mv-expand with_itemindex=i {c}|mv-expand with_itemindex {c}|mv-expand {c}, {d}|mv-expand {c} {d}|mvexpand {c}|mv-expand 1|mv-expand dynamic([1])|mv-expand parse_json({c})|mv-expand x = parse_json({c}).y to typeof(long)|
        mv-apply {c} on (take 1)|mv-apply {c}|mv-apply {c} on take 1|mv-apply {c} to typeof(long) on (where {c} > 1)|mv-apply x = {c} on (summarize count())|mv-apply on (take 1)|mv-apply x = parse_json({c}) on (where zz == 1)|mv-apply {c} on ()|parse {c} with x|parse {c} with 'a' x|parse {c} with * 'a' x 'b' *|parse {c} with 'a' x:long 'b'|parse {c} with 'a' x:lng|parse {c} with|parse {c}|parse with 'a' x|parse kind=regex {c} with 'a' x|parse kind=x {c} with 'a' y|parse kind=regex flags=i {c} with 'a' x|parse {c} with x y|parse {c} with * *|parse {c} with 'a' 'b'|parse {c} with 'a' x 'b' x|parse 1 with 'a' x|parse-where {c} with 'a' x|parse {c} 'a' x|parse {c} with 'a' {d}|
        parse-kv {c} as (a: string)|parse-kv {c}|parse-kv {c} as (a: strng)|parse-kv {c} as (a)|parse-kv {c} as (a: string) with (pair_delimiter=';')|parse-kv {c} as (a: string) with (x=';')|parse-kv {c} as (a: string, a: long)|parse-kv {c} with (pair_delimiter=';')|parse-kv {c} as a: string|scan with (step s: true;)|scan with (step s: {c} == 1 => x = 1;)|scan declare (x: long = 0) with (step s: true => x = s.x + 1;)|scan with (step s true;)|scan (step s: true;)|scan declare (x: lng) with (step s: true;)|
        render|render timechart|render x|render barchart with (title='x')|render barchart with (foo='x')|render barchart with title='x'|render barchart with (title=)|render piechart by {c}|render table kind=stacked|render 'table'|invoke f()|invoke {c}|invoke|search 'x'|search|search {c}:'x'|search {c} 'x'|search in (Heartbeat) 'x'|search kind=case_sensitive 'x'|search * 'x'|search 'x' and|search {c} == 'x'|find 'x'|find where {c} == 1|find in (Heartbeat) where Computer == 'x'|find in Heartbeat where 1""",
    "tables": """join|join Heartbeat|join (Heartbeat)|join Heartbeat on {c}|join (Heartbeat) on Computer|join kind=inner (Heartbeat) on Computer|join kind=x (Heartbeat) on Computer|join kind inner (Heartbeat) on Computer|join kind= (Heartbeat) on Computer|join inner (Heartbeat) on Computer|left join (Heartbeat) on Computer|join kind=inner Heartbeat Computer|join (Heartbeat) on $left.{c} == $right.Computer|join (Heartbeat) on $left.{c} == $right.zz|join (Heartbeat) on {c} == Computer|join (Heartbeat | where x == 1) on {c}|join (Heartbeat) by {c}|join (Heartbeat) where {c} == 1|join (Heartbeat) on|join kind=inner hint.strategy=broadcast (Heartbeat) on $left.{c} == $right.Computer|join hint.strategy=x (Heartbeat) on Computer|join (1) on {c}|join ('x') on {c}|join () on {c}|join kind=leftanti (Heartbeat) on {c}, {d}|join kind=leftanti (Heartbeat | distinct Computer) on $left.{c} == $right.Computer and $left.{d} == $right.Computer|join (Zz) on {c}|join (Heartbeat) as x on {c}|join (Heartbeat) on $left.{c} > $right.TimeGenerated|
        lookup Heartbeat on {c}|lookup (Heartbeat) on $left.{c} == $right.Computer|lookup kind=inner (Heartbeat) on {c}|lookup kind=rightouter (Heartbeat) on {c}|lookup kind=x (Heartbeat) on {c}|lookup|lookup (Heartbeat)|union|union Heartbeat|union (Heartbeat)|union Heartbeat, Zz|union isfuzzy=true Heartbeat, Zz|union isfuzzy=true Zz|union isfuzzy=x Heartbeat|union kind=inner Heartbeat|union kind=x Heartbeat|union withsource=S Heartbeat|union withsource Heartbeat|union Heartbeat Usage|union Heartbeat,|union 1|union (print 1)|union (Heartbeat | where zz == 1)|union Device*|union Zz*|union withsource='S' Heartbeat|union kind=outer isfuzzy=true withsource=x Heartbeat, Usage|union with source = x Heartbeat|make-graph {c} --> {d}|make-graph {c} --> {d} with Heartbeat on Computer|make-graph {c} -> {d}|graph-match (a)-[b]->(c) project a.x|externaldata(a: string)['x']|datatable(a: long)[1]|print 1|range x from 1 to 2 step 1|Heartbeat|(Heartbeat)|let x = 1|set x|where 1 == 1; Heartbeat|where 1 == 1 Heartbeat|where 1 == 1 | |take 1 |take 1 || take 1|; take 1|;;|; ;print 1|}}|)""",
}


def forms(templates):
    """The templates of a text."""
    lines = "".join(line.lstrip() for line in templates.splitlines())
    parts = (form.strip(" ") for form in SEPARATOR.split(lines))
    return [form for form in parts if form]


def _tail(templates):
    choices = forms(templates)

    def edit(query, choice):
        names = [token.text for token in query.tokens if token.word] or ["x"]
        form = choice.choice(choices).replace("{c}", choice.choice(names)).replace("{d}", choice.choice(names))
        end = query.tokens[-1].end
        if query.tokens[-1].text == ";":
            end = query.tokens[-1].start
        return end, len(query.text), f"\n| {form}"

    return edit


for _name, _templates in TAILS.items():
    KINDS[f"tail_{_name}"] = _tail(_templates)
    KINDS[f"tail_{_name}"].__doc__ = f"One more operator at the end, of those that change {_name}, right or wrong."
