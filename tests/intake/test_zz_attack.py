from __future__ import annotations
import csv, json, shutil, os, zipfile
from pathlib import Path
import pytest, shapely
from tests.intake.test_deliveries import box, campaign, inbox, layer
from tests.intake.test_decided import decide, codes, ledger, BOW_TIE
from tests.stages.runs import issues, run_stages, state, table, tuban
__all__=["campaign","inbox"]
C=lambda n:["620101"]*n

def ing(campaign, *more):
    r=tuban("ingest",campaign,*more)
    print("EXIT",r.exit_code, r.stderr[-600:] if r.exit_code else "")
    if r.exit_code==1: 
        import traceback; traceback.print_exception(r.exception)
    return r
def show(campaign):
    for one in table(campaign,"records"):
        print("  ",one["source_file"],one["patch_no"],one["status"],one["reason"],one["patch_uid"][-8:],one["duplicate_of"][-8:])
    print({k for k in codes_all(campaign)})
def codes_all(campaign): return [one["code"] for one in issues(campaign,"ingest")]

def test_cycle4(campaign,inbox):
    names=[f"f{i}.gpkg" for i in range(5)]
    for i,n in enumerate(names): layer(inbox/n,[box(105.2+i*0.0003)],JCBH=["1"],XZQDM=C(1))
    decide(campaign,*[(names[i],f"supersedes {names[(i+1)%5]}") for i in range(5)])
    ing(campaign); show(campaign)
    assert [one for one in table(campaign,"patches") if one["patch_no"]=="1"]

def test_chain(campaign,inbox):
    names=[f"f{i}.gpkg" for i in range(6)]
    for i,n in enumerate(names): layer(inbox/n,[box(105.2+i*0.0003)],JCBH=["1"],XZQDM=C(1))
    decide(campaign,*[(names[i],f"supersedes {names[i+1]}") for i in range(5)])
    ing(campaign); show(campaign)
    good={one["patch_uid"] for one in table(campaign,"patches")}
    dangling=[one for one in table(campaign,"records") if one["duplicate_of"] and one["duplicate_of"] not in good]
    r=tuban("explain",campaign,"1"); print(r.exit_code,r.output[-300:], r.exception)
    assert not dangling
    assert r.exit_code==0

def test_explain_superseded(campaign,inbox):
    for i,n in enumerate(["f0.gpkg","f1.gpkg"]): layer(inbox/n,[box(105.2+i*0.0003)],JCBH=["1"],XZQDM=C(1))
    decide(campaign,("f0.gpkg","supersedes f1.gpkg"))
    ing(campaign); show(campaign)
    r=tuban("explain",campaign,"1"); print(r.exit_code,r.output, r.exception)
    assert r.exit_code==0

@pytest.mark.parametrize("said",["","/620101","x"*5000,"a\0b","2025/1","\ud800","../../x","*"])
def test_explain_odd(campaign,inbox,said):
    layer(inbox/"b.gpkg",[box(105.2)],JCBH=["2025/1"],XZQDM=C(1))
    ing(campaign)
    r=tuban("explain",campaign,said); print(r.exit_code,r.output[:900], r.stderr[:300], r.exception)
    assert r.exit_code in (0,2)
    if said=="2025/1": assert r.exit_code==0

@pytest.mark.parametrize("raw",[
 "who;when;id;decision;reason\nLi;2025;Q-1;accept structure;r\n".encode(),
 "who\twhen\tid\tdecision\treason\nLi\t2025\tQ-1\taccept structure\tr\n".encode("utf-16"),
 "who,when,id,decision,reason\nLi,2025,Q-1,accept\u3000structure,r\n".encode(),
 "who,when,id,decision,reason\nLi,2025,Q-1,accept  structure,r\n".encode(),
 "who,when,id,decision,reason\nLi,2025,Q-1,accept\u00a0structure,r\n".encode(),
 "who,when,id,decision,reason\nLi,2025,Q-1,Accept Structure,r\n".encode(),
 ("who,when,id,decision,reason\nLi,2025,Q-1,accept structure,\""+"r"*200000+"\n").encode(),
 "who,when,id,decision,reason\rLi,2025,Q-1,accept structure,r\r".encode(),
 "who,when,id,decision,reason\nLi,2025,Q-1,accept structure,\0r\n".encode(),
 "sep=;\nwho;when;id;decision;reason\nLi;2025;Q-1;accept structure;r\n".encode(),
])
def test_decisions_odd(campaign,inbox,raw):
    p=campaign.parent/"archive"/"decisions.csv"; p.parent.mkdir(); p.write_bytes(raw)
    r=ing(campaign)
    assert r.exit_code in (0,2)
    assert r.exit_code==0

@pytest.mark.parametrize("enc",["nonsense","../../../evil","utf-8","rot13","idna","utf-16","a\nb","base64"])
def test_encoding_odd(campaign,inbox,enc):
    layer(inbox/"b.shp",[box(105.2)],JCBH=["七"],XZQDM=C(1))
    decide(campaign,("b.shp","encoding "+enc))
    r=ing(campaign)
    if r.exit_code==0: show(campaign); print([o for o in issues(campaign,"ingest") if o["code"].startswith("FILE")])
    print(sorted(p.relative_to(campaign.parent).as_posix() for p in campaign.parent.glob("**/*evil*")))
    assert r.exit_code in (0,2)

def test_inner_of_zip(campaign,inbox,tmp_path):
    layer(tmp_path/"in1.gpkg",[box(105.2)],crs=None,JCBH=["1"],XZQDM=C(1))
    layer(tmp_path/"in2.shp",[box(105.3)],JCBH=["七"],XZQDM=C(1))
    with zipfile.ZipFile(inbox/"z.zip","w") as z:
        for p in [*tmp_path.glob("in1.*"),*tmp_path.glob("in2.*")]: z.write(p,p.name)
    decide(campaign,("z.zip/in1.gpkg","crs EPSG:4490"),("in1.gpkg","crs EPSG:4490"),("z.zip/in2.shp","encoding utf-8"))
    ing(campaign); show(campaign)
    print(codes(campaign,"DECISION_UNUSED"))
    assert not [o for o in codes(campaign,"DECISION_UNUSED") if "in1" in o["id"]]

def test_crs_in_one_of_copies(campaign,inbox):
    layer(inbox/"a.gpkg",[box(105.2)],crs=None,JCBH=["1"],XZQDM=C(1))
    shutil.copy(inbox/"a.gpkg",inbox/"b.gpkg")
    decide(campaign,("a.gpkg","crs EPSG:4490"))
    ing(campaign); show(campaign); print(codes(campaign,"DECISION_UNUSED"))
    assert not codes(campaign,"DECISION_UNUSED")

def test_copies_bow(campaign,inbox):
    layer(inbox/"a.gpkg",[BOW_TIE],JCBH=["1"],XZQDM=C(1))
    shutil.copy(inbox/"a.gpkg",inbox/"b.gpkg")
    ing(campaign)
    ids=[o["record_id"] for o in table(campaign,"quarantine")]; print(ids)
    decide(campaign,(ids[0],"accept linework"))
    ing(campaign); show(campaign)
    for p in sorted((campaign.parent/"out/reports/deliveries").iterdir()): print(p.name); print(p.read_text())

@pytest.mark.parametrize("how",["structure","linework"])
def test_zero_reading(campaign,inbox,how):
    shapes=[BOW_TIE, shapely.Polygon([(105.3,34.1),(105.301,34.1),(105.301,34.101),(105.3,34.101),(105.3,34.1),(105.301,34.1),(105.301,34.101),(105.3,34.101)])]
    layer(inbox/"a.gpkg",shapes,JCBH=["1","2"],XZQDM=C(2))
    ing(campaign)
    q=table(campaign,"quarantine"); print([(o["record_id"],o["reason"],o["sentence"]) for o in q])
    decide(campaign,*[(o["record_id"],"accept "+how) for o in q])
    ing(campaign); show(campaign)
    print([o for o in issues(campaign,"ingest") if o["code"] in("RELEASED","BAD_GEOMETRY","DECISION_UNUSED")])
    print([(o["patch_no"],o["area_m2"],o["repair"]) for o in table(campaign,"patches")])

def put(path,*a,**k):
    path.unlink(missing_ok=True); layer(path,*a,**k)
def uids(campaign): return {o["patch_no"]:(o["patch_uid"],o["replaces"]) for o in table(campaign,"patches")}

def test_replaced_twice(campaign,inbox):
    seen=[]
    for i in range(5):
        put(inbox/"b.gpkg",[box(105.2+0.0003*i)],JCBH=["7"],XZQDM=C(1)); ing(campaign)
        uid,rep=uids(campaign)["7"]; print(i,uid,rep); 
        if seen and rep!=seen[-1]: print("WRONG")
        seen.append(uid)
        ok = i==0 or rep==seen[-2]
        assert ok

def test_replaces_alive(campaign,inbox):
    put(inbox/"b.gpkg",[box(105.2),box(105.3)],JCBH=["7","7"],XZQDM=C(2),BZ=["a","a"]); ing(campaign)
    put(inbox/"b.gpkg",[box(105.2),box(105.3)],JCBH=["7","7"],XZQDM=C(2),BZ=["b","b"]); ing(campaign)
    for o in table(campaign,"patches"): print(o["patch_no"],o["patch_uid"],o["replaces"])
    have={o["patch_uid"] for o in table(campaign,"patches")}
    assert not [o for o in table(campaign,"patches") if o["replaces"] in have]

def test_rename_then_replace(campaign,inbox):
    put(inbox/"b.gpkg",[box(105.2)],JCBH=["7"],XZQDM=C(1)); ing(campaign); old=uids(campaign)["7"][0]
    (inbox/"b.gpkg").rename(inbox/"c.gpkg"); ing(campaign)
    put(inbox/"c.gpkg",[box(105.2003)],JCBH=["7"],XZQDM=C(1)); ing(campaign)
    print(uids(campaign),codes(campaign,"WITHDRAWN"))
    assert uids(campaign)["7"][1]==old

def test_archived_bytes_gone(campaign,inbox):
    put(inbox/"b.gpkg",[box(105.2)],JCBH=["7"],XZQDM=C(1)); ing(campaign)
    shutil.rmtree(campaign.parent/"archive"/"received"); shutil.rmtree(campaign.parent/"out")
    put(inbox/"b.gpkg",[box(105.2003)],JCBH=["7"],XZQDM=C(1)); r=ing(campaign)
    assert r.exit_code==0

def test_archive_deleted_fresh(campaign,inbox):
    ing(campaign); shutil.rmtree(campaign.parent/"archive"); r=ing(campaign)
    print(r.output, list((campaign.parent/"archive").rglob("*")))
    assert (campaign.parent/"archive"/"received").exists()

@pytest.mark.parametrize("name",["a\u2028b.gpkg","a\x85b.gpkg","a\nb.gpkg","a\x1cb.gpkg","a\u202eb.gpkg","CON.gpkg","名"*70+".gpkg","e\u0301.gpkg",os.fsdecode(b"\xcd\xbc.gpkg"),"a;b,c\"d'.gpkg","a{b}.gpkg","-rf.gpkg"," .gpkg"])
def test_names(campaign,inbox,name):
    put(inbox/"b.gpkg",[box(105.2)],JCBH=["7"],XZQDM=C(1)); (inbox/"b.gpkg").rename(inbox/name)
    r=ing(campaign)
    if r.exit_code==0:
        show(campaign)
        for p in (campaign.parent/"out/reports/deliveries").iterdir(): print(repr(p.name),repr(p.read_text()[:200]))
    r=ing(campaign,"--again")
    n=len([l for l in (campaign.parent/"archive/ledger.jsonl").read_bytes().split(b"\n") if l])
    print("ledger",n,codes(campaign,"LEDGER_ALTERED"))
    assert r.exit_code==0 and n==2 and not codes(campaign,"LEDGER_ALTERED")

@pytest.mark.parametrize("mess",["noname","list_id","noparts","null","torn","binary","crlf","deep","surr"])
def test_ledger(campaign,inbox,mess):
    put(inbox/"b.gpkg",[box(105.2)],JCBH=["7"],XZQDM=C(1)); ing(campaign)
    p=campaign.parent/"archive/ledger.jsonl"; raw=p.read_bytes(); lines=raw.decode().splitlines()
    d=[json.loads(l) for l in lines]
    if mess=="noname": 
        for x in d: x.pop("name")
    if mess=="list_id": d[0]["id"]=[1]
    if mess=="noparts":
        for x in d: x.pop("parts")
    if mess=="null":
        for x in d: x["name"]=None
    raw2="".join(json.dumps(x)+"\n" for x in d).encode()
    if mess=="torn": raw2=raw[:-40]
    if mess=="binary": raw2=raw+b"\xff\xfe\x00\n"
    if mess=="crlf": raw2=raw.replace(b"\n",b"\r\n")
    if mess=="deep": raw2=raw+b"["*200000+b"\n"
    if mess=="surr": d[0]["name"]="\ud800"; raw2="".join(json.dumps(x)+"\n" for x in d).encode()
    p.write_bytes(raw2)
    put(inbox/"b.gpkg",[box(105.2003)],JCBH=["7"],XZQDM=C(1)); r=ing(campaign)
    print(codes(campaign,"LEDGER_ALTERED"), uids(campaign))
    assert r.exit_code==0
    now=p.read_bytes(); print(now.startswith(raw2) or (raw2[-50:],now[:]))
    assert now.startswith(raw2)
